package bind

import "golang.org/x/sys/unix"

// Accept takes a connection from the kernel's queue. What fails of a single connection is passed over.
func Accept(fd int) (int, error) {
	for {
		connection, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			return connection, nil
		case unix.EAGAIN:
			return -1, ErrNothingToAccept
		case unix.EINTR, unix.ECONNABORTED:
		default:
			return -1, err
		}
	}
}
