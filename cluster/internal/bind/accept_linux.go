//go:build !portable

package bind

import "golang.org/x/sys/unix"

// Accept takes a connection from the kernel's queue. It asks for no address, which would be an allocation a
// connection. What fails of a single connection is passed over.
func Accept(fd int) (int, error) {
	for {
		connection, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			return int(connection), nil
		case unix.EAGAIN:
			return -1, ErrNothingToAccept
		case unix.EINTR, unix.ECONNABORTED, unix.EPROTO, unix.EPERM:
		default:
			return -1, errno
		}
	}
}
