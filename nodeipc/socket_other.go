//go:build unix && !linux

package nodeipc

import "golang.org/x/sys/unix"

const (
	receivesCloseOnExec = false
	receiveFlags        = unix.MSG_DONTWAIT
	sendFlags           = unix.MSG_DONTWAIT
	controlSpace        = 64

	mostHandlesInFlight = 1
)

type receiveHeader struct{}

// recvmsg reads into r and says how many bytes and how many of control came.
func (r *readBuffer) recvmsg(fd int) (n, control int, err error) {
	n, control, _, _, err = unix.Recvmsg(fd, r.bytes[:], r.control, receiveFlags)
	return n, control, err
}

func putRights(space []byte, fd int) int { return copy(space, unix.UnixRights(fd)) }

// unreadBytes is not known here, where handles go one at a time.
func unreadBytes(int) int { return 0 }

// waitingBytes is more than what the peer may have written that was not read here.
func waitingBytes(int) int { return 1 << 20 }
