//go:build unix

package bind

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// CloseFD closes a descriptor.
func CloseFD(fd int) { unix.Close(fd) }

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
