//go:build !portable

package eventloop

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lockBatchThread gives the calling goroutine a thread of its own in SCHED_BATCH: such a thread does not
// preempt the one that wakes it, and so finds more to do at once. A thread that has another policy than the ordinary one
// keeps that, and where the system refuses, nothing is lost but the gain. Go starts no thread from one that is locked; a
// process that was started from it would have its policy.
// unlock gives the thread back as it was.
func lockBatchThread() (unlock func()) {
	runtime.LockOSThread()
	policy, _, errno := unix.RawSyscall(unix.SYS_SCHED_GETSCHEDULER, 0, 0, 0)
	if errno != 0 || policy != unix.SCHED_NORMAL {
		return runtime.UnlockOSThread
	}
	setPolicy(unix.SCHED_BATCH)
	return func() {
		setPolicy(unix.SCHED_NORMAL)
		runtime.UnlockOSThread()
	}
}

// setPolicy sets the policy of the calling thread, and leaves its nice value.
func setPolicy(policy uintptr) {
	var priority int32
	unix.RawSyscall(unix.SYS_SCHED_SETSCHEDULER, 0, policy, uintptr(unsafe.Pointer(&priority)))
}
