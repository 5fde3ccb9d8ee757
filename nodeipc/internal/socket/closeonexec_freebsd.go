package socket

import "golang.org/x/sys/unix"

const (
	receiveFlags        = unix.MSG_DONTWAIT | unix.MSG_CMSG_CLOEXEC
	receivesCloseOnExec = true
)
