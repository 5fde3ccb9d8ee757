//go:build unix

package cluster

import "syscall"

// leadsGroup reports whether a process that is started with attr leads a process group of its own.
func leadsGroup(attr *syscall.SysProcAttr) bool {
	return attr != nil && (attr.Setsid || attr.Setpgid && attr.Pgid == 0)
}

// killGroup kills the group of a process, which has not been waited for.
func killGroup(leader int) { syscall.Kill(-leader, syscall.SIGKILL) }

// killRemains kills the group of a process that has been waited for. The system gives the number of a group to no process while the
// group has members. If there is a process with that number, the group had none.
func killRemains(leader int) {
	if syscall.Kill(leader, 0) == syscall.ESRCH {
		killGroup(leader)
	}
}
