//go:build unix && !linux

package socket

import "golang.org/x/sys/unix"

const (
	receivesCloseOnExec = false
	receiveFlags        = unix.MSG_DONTWAIT
	sendFlags           = unix.MSG_DONTWAIT
	controlSpace        = 64

	MaxHandlesInFlight = 1
)

type receiveHeader struct{}

// recvmsg reads into room and returns how many bytes and how many of control came.
func (r *Buffer) recvmsg(fd int, room []byte) (n, control int, err error) {
	n, control, _, _, err = unix.Recvmsg(fd, room, r.control, receiveFlags)
	return n, control, err
}

func putRights(space []byte, fd int) int { return copy(space, unix.UnixRights(fd)) }

// Unread is not known here, where handles go one at a time.
func Unread(int) int { return 0 }

// Waiting is more than what the peer may have written that was not read here.
func Waiting(int) int { return 1 << 20 }
