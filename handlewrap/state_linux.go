package handlewrap

import (
	"os"

	"golang.org/x/sys/unix"
)

func isListening(fd int) (bool, error) {
	v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	return v != 0, os.NewSyscallError("getsockopt", err)
}

// wasConnected tells a connection that its peer reset from a socket that never was one: getpeername fails
// for both, but SO_PEERNAME still knows the peer of the first.
func wasConnected(fd int) bool {
	_, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEERNAME)
	return err == nil
}
