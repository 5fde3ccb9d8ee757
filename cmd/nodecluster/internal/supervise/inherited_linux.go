package supervise

import "golang.org/x/sys/unix"

// KeepFromWorkers makes all descriptors but the standard streams close-on-exec, as Node does at its start: what the program inherited is
// for itself, and for workers that listen on it by its number. That takes no descriptor in the worker.
func KeepFromWorkers() {
	const first, last = 3, 1<<32 - 1
	if err := unix.CloseRange(first, last, unix.CLOSE_RANGE_CLOEXEC); err != nil { // Linux before 5.11
		closeOnExec("/proc/self/fd")
	}
}
