package exec

import "syscall"

// dieWithParent has the kernel kill a command when rtev was killed. Linux means
// the thread that started it; Go ends no thread but that of a goroutine which
// ends while locked to it, and rtev has none.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
