//go:build unix

package cmd

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// die ends the process by the signal, as a shell and make expect of a program
// that was interrupted. It returns only if the signal does not kill.
func die(s syscall.Signal) {
	signal.Reset(s)
	if s == syscall.SIGPIPE {
		// The runtime raises SIGPIPE only for a write to a broken stdout or stderr.
		os.Stdout.Write([]byte{'\n'}) //nolint:errcheck // it does not return
	}
	if syscall.Kill(syscall.Getpid(), s) == nil {
		time.Sleep(time.Second)
	}
}

// outShut reports whether stdout was closed when the process started. Before
// main, Go's runtime opens /dev/null for reading and writing in the place of a
// closed standard file; a shell's ">/dev/null" opens it for writing only. A
// caller that passes /dev/null opened for both cannot be distinguished.
func outShut() bool {
	flags, err := unix.FcntlInt(os.Stdout.Fd(), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_ACCMODE == unix.O_RDONLY {
		return true
	}
	out, errOut := os.Stdout.Stat()
	null, errNull := os.Stat(os.DevNull)
	return errOut == nil && errNull == nil && os.SameFile(out, null) && flags&unix.O_ACCMODE == unix.O_RDWR
}
