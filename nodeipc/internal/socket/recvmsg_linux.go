package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
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
