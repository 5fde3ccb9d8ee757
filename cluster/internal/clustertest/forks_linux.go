package clustertest

import (
	"fmt"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// forks is a locked file. A process that this one has begun to start has a copy of every descriptor, of those too that are
// closed here meanwhile, until it runs its program: Go's lock on forking ends before that.
var forks struct {
	sync.Mutex
	fd int
}

// watchForks makes the file. Processes that are started before have no copy of it.
func watchForks() (err error) {
	if forks.fd, err = unix.MemfdCreate("forks", unix.MFD_CLOEXEC); err != nil {
		return err
	}
	return unix.Flock(forks.fd, unix.LOCK_EX)
}

// AwaitForks waits for the processes that this one has begun to start. What was closed before is closed everywhere then.
func AwaitForks(t testing.TB) {
	t.Helper()
	forks.Lock()
	defer forks.Unlock()
	if err := reopenForks(); err != nil {
		t.Fatal(err)
	}
	for {
		if err := unix.Flock(forks.fd, unix.LOCK_EX); err != unix.EINTR {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}

// reopenForks opens the file anew in its place, so that only those processes still have it as it was, and with it the lock.
func reopenForks() error {
	next, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", forks.fd), unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(next)
	return unix.Dup3(next, forks.fd, unix.O_CLOEXEC)
}
