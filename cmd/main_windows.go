package cmd

import "syscall"

// die does nothing: on Windows, signals do not end processes. The exit status says
// what happened.
func die(syscall.Signal) {}

// outShut returns false: on Windows, rtev cannot find out whether stdout was closed
// when the process started.
func outShut() bool { return false }
