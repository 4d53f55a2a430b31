//go:build unix

package exec

import (
	"os/exec"
	"syscall"
)

// isolate gives a command a process group of its own. Ctrl-C in a terminal does
// not reach it then, and its end takes with it all that the command started.
func isolate(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(c.SysProcAttr)
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}
