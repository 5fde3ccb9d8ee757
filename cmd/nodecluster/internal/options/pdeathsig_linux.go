package options

import "syscall"

// endWithPrimary has the system kill a worker when the primary ends in whatever way: one in an endless loop does
// not notice that by itself.
func endWithPrimary(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
