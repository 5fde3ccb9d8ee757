//go:build unix && !freebsd && (!linux || portable)

package bind

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Accept takes a connection from the kernel's queue. What fails of a single connection is passed over.
func Accept(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for {
		connection, _, err := unix.Accept(fd)
		switch err {
		case nil:
			unix.CloseOnExec(connection)
			return connection, unix.SetNonblock(connection, true)
		case unix.EAGAIN:
			return -1, ErrNothingToAccept
		case unix.EINTR, unix.ECONNABORTED:
		default:
			return -1, err
		}
	}
}
