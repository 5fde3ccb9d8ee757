//go:build unix

package bind

import (
	"math"
	"syscall"

	"github.com/nodecluster/nodecluster/handlewrap"
	"golang.org/x/sys/unix"
)

// closer closes sockets of the primary's. A worker may have had a copy, and have made more of it than a listening socket.
var closer handlewrap.Closer

// CloseFD closes a socket. It never waits.
func CloseFD(fd int) { closer.Close(fd) }

// AwaitClosed waits until what CloseFD was given is closed, for a second at most.
func AwaitClosed() { closer.Wait() }

// Dup gives a second descriptor of the same open file, which is close-on-exec and the caller's.
func Dup(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// NewSocket makes a socket that is close-on-exec and does not block.
func NewSocket(family, kind int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(family, kind, 0)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		CloseFD(fd)
		return -1, err
	}
	return fd, nil
}

// Listen makes a bound socket listen, with Node's backlog for 0. Below 0 it is the most that the system allows, as in Node.
func Listen(fd, backlog int) error {
	if backlog == 0 {
		backlog = Backlog
	}
	return unix.Listen(fd, backlog)
}

// SetReuseAddress lets the address that a socket is going to be bound to be bound more than once.
func SetReuseAddress(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
}

// Descriptors returns how many descriptors this process may have, and how many of them are left above the lowest that is free. No
// more than these are free, as the system gives the lowest first.
func Descriptors() (free, limit int) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil || uint64(r.Cur) > math.MaxInt32 {
		r.Cur = math.MaxInt32
	}
	limit = int(r.Cur)
	lowest, err := NewSocket(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		return 0, limit
	}
	unix.Close(lowest)
	return limit - lowest, limit
}
