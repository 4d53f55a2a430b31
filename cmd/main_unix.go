//go:build unix

package cmd

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// die ends the process by the signal, as the shell and make expect of a
// program that was interrupted. It returns only if the signal does not kill.
func die(s syscall.Signal) {
	signal.Reset(s)
	if s == syscall.SIGPIPE {
		// The runtime raises SIGPIPE for a write to a broken standard output only.
		os.Stdout.Write([]byte{'\n'}) //nolint:errcheck // it does not come back
	}
	if syscall.Kill(syscall.Getpid(), s) == nil {
		time.Sleep(time.Second)
	}
}
