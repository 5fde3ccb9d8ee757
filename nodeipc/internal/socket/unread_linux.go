package socket

import "golang.org/x/sys/unix"

// Unread is how much of what was written the peer has not read.
func Unread(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err != nil {
		return 0
	}
	return n
}

// Waiting is how much the peer has written that was not read here.
func Waiting(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
	if err != nil {
		return 0
	}
	return n
}
