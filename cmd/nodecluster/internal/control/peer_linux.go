package control

import (
	"errors"
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// peerOf tells who connected, as the kernel has it from that moment.
func peerOf(c *net.UnixConn) (p peer, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		var credentials *unix.Ucred
		if credentials, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err != nil {
			return
		}
		p = peer{uid: int(credentials.Uid), groups: append(peerGroups(int(fd)), int(credentials.Gid))}
	})
	return p, errors.Join(controlErr, err)
}

// peerGroups are the further groups, none before Linux 4.13.
func peerGroups(fd int) []int {
	groups := make([]uint32, 64)
	for {
		size := uint32(len(groups) * 4)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case errno == unix.ERANGE && int(size/4) > len(groups):
			groups = make([]uint32, size/4)
		case errno != 0:
			return nil
		default:
			numbers := make([]int, size/4)
			for i := range numbers {
				numbers[i] = int(groups[i])
			}
			return numbers
		}
	}
}
