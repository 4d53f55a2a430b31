//go:build unix && !linux

package exec

import "syscall"

// dieWithParent does nothing: only the command's own end ends it.
func dieWithParent(*syscall.SysProcAttr) {}
