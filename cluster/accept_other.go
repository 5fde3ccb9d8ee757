//go:build unix && !linux

package cluster

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// accept takes a connection from the kernel's queue. What fails of a single connection is passed over.
func accept(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	for {
		connection, _, err := unix.Accept(fd)
		switch err {
		case nil:
			unix.CloseOnExec(connection)
			return connection, unix.SetNonblock(connection, true)
		case unix.EAGAIN:
			return -1, errNothingToAccept
		case unix.EINTR, unix.ECONNABORTED:
		default:
			return -1, err
		}
	}
}
