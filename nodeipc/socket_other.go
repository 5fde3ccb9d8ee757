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

func putRights(space []byte, fd int) int { return copy(space, unix.UnixRights(fd)) }

// unreadBytes is not known here, where handles go one at a time.
func unreadBytes(int) int { return 0 }
