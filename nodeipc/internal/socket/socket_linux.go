package socket

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

const (
	receiveFlags = unix.MSG_DONTWAIT | unix.MSG_CMSG_CLOEXEC
	sendFlags    = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	// receivesCloseOnExec: descriptors arrive close-on-exec.
	receivesCloseOnExec = true
	controlSpace        = 24

	// MaxHandlesInFlight is how many handles may await their ACKs at once. Linux never returns bytes from
	// past a message with a descriptor in one read, so that each handle stays with its message.
	MaxHandlesInFlight = 1 << 16
)

// putRights writes the control message that carries fd. It is written here because unix.UnixRights allocates,
// and this is on the path of every connection.
func putRights(space []byte, fd int) int {
	size := unix.SizeofCmsghdr + 4
	if unix.SizeofCmsghdr == 16 {
		binary.NativeEndian.PutUint64(space[0:], uint64(size))
		binary.NativeEndian.PutUint32(space[8:], unix.SOL_SOCKET)
		binary.NativeEndian.PutUint32(space[12:], unix.SCM_RIGHTS)
	} else {
		binary.NativeEndian.PutUint32(space[0:], uint32(size))
		binary.NativeEndian.PutUint32(space[4:], unix.SOL_SOCKET)
		binary.NativeEndian.PutUint32(space[8:], unix.SCM_RIGHTS)
	}
	binary.NativeEndian.PutUint32(space[unix.SizeofCmsghdr:], uint32(fd))
	return unix.CmsgSpace(4)
}

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
