package exec

import (
	"os/exec"
	"syscall"
)

// isolate keeps Ctrl-C away from a command. Windows has no process groups that
// could be killed: programs that the command started go on.
func isolate(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
