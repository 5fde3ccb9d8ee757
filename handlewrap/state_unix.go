//go:build unix && !linux

package handlewrap

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// isListening takes a bound socket for a listening one where the system has no SO_ACCEPTCONN to ask
// (darwin), since a listening socket is what is nearly always passed.
func isListening(fd int) (bool, error) {
	v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if errors.Is(err, unix.ENOPROTOOPT) {
		return !wasConnected(fd), nil
	}
	return v != 0, os.NewSyscallError("getsockopt", err)
}

// wasConnected tells a connection that its peer reset, which polls as hung up, from a socket that never
// was one.
func wasConnected(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLHUP != 0
}
