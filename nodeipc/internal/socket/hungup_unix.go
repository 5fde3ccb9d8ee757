//go:build unix

package socket

import "golang.org/x/sys/unix"

// HasHungUp reports whether the peer has closed its end, or has ended.
func HasHungUp(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1 && fds[0].Revents&unix.POLLHUP != 0
}
