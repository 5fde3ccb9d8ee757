//go:build unix && (!linux || portable)

package socket

import "golang.org/x/sys/unix"

const (
	sendFlags    = unix.MSG_DONTWAIT
	controlSpace = 64
)

// Sendmsg and Recvmsg are the system calls. Tests put others in their place, which fail as those of other systems do.
var (
	Sendmsg = unix.SendmsgN
	Recvmsg = unix.Recvmsg
)

type receiveHeader struct{}

// recvmsg reads into room and returns how many bytes and how many of control came.
func (r *Buffer) recvmsg(fd int, room []byte) (n, control int, err error) {
	n, control, _, _, err = Recvmsg(fd, room, r.control, receiveFlags)
	return n, control, err
}

func sendmsg(fd int, b, control []byte) (n int, err error) {
	return Sendmsg(fd, b, control, nil, sendFlags)
}

func putRights(space []byte, fd int) int { return copy(space, unix.UnixRights(fd)) }
