package socket

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sendmsg writes b and control. It is a raw system call for the reason that recvmsg is.
func sendmsg(fd int, b, control []byte) (int, error) {
	var vector unix.Iovec
	var message unix.Msghdr
	if len(b) > 0 {
		vector.Base = &b[0]
		vector.SetLen(len(b))
		message.Iov = &vector
		message.SetIovlen(1)
	}
	if len(control) > 0 {
		message.Control = &control[0]
		message.SetControllen(len(control))
	}
	sent, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&message)), sendFlags)
	if errno != 0 {
		return 0, errno
	}
	return int(sent), nil
}
