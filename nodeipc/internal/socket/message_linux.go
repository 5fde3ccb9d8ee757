//go:build !portable

package socket

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	receiveFlags = unix.MSG_DONTWAIT | unix.MSG_CMSG_CLOEXEC
	sendFlags    = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	// receivesCloseOnExec: descriptors arrive close-on-exec.
	receivesCloseOnExec = true
	controlSpace        = 24
)

// receiveHeader is what recvmsg is given.
type receiveHeader struct {
	message unix.Msghdr
	vector  unix.Iovec
}

// recvmsg reads into room and returns how many bytes and how many of control came. It is written here because unix.Recvmsg
// allocates room for a sender's address, and this is on the path of every connection.
func (r *Buffer) recvmsg(fd int, room []byte) (n, control int, err error) {
	h := &r.header
	h.vector.Base = &room[0]
	h.vector.SetLen(len(room))
	h.message = unix.Msghdr{Iov: &h.vector, Control: &r.control[0]}
	h.message.SetIovlen(1)
	h.message.SetControllen(len(r.control))
	received, _, errno := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&h.message)), receiveFlags)
	if errno != 0 {
		return 0, 0, errno
	}
	return int(received), int(h.message.Controllen), nil
}

func sendmsg(fd int, b, control []byte) (n int, err error) {
	return unix.SendmsgN(fd, b, control, nil, sendFlags)
}

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
