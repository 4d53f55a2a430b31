package cmd

import "syscall"

// die does nothing: a process on Windows does not die of a signal. The exit
// status says what happened.
func die(syscall.Signal) {}

// outShut reports whether stdout was closed when the process started, which
// Windows does not tell.
func outShut() bool { return false }
