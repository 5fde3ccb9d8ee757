//go:build unix

package bind

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// startedWith are the sockets that this program was started with. The package finds them before the program opens any of its own.
var startedWith = inheritedSockets()

// inheritedSockets finds the sockets that are open and are not close-on-exec, as what comes with the start of a program is not.
func inheritedSockets() map[int]unix.Stat_t {
	sockets := map[int]unix.Stat_t{}
	for _, fd := range openDescriptors() {
		var s unix.Stat_t
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 && unix.Fstat(fd, &s) == nil && s.Mode&unix.S_IFMT == unix.S_IFSOCK {
			sockets[fd] = s
		}
	}
	return sockets
}

// openDescriptors are the descriptors that may be open. Where the system does not list them, they are the first ones.
func openDescriptors() (fds []int) {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		const first = 256
		for fd := range first {
			fds = append(fds, fd)
		}
		return fds
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil {
			fds = append(fds, fd)
		}
	}
	return fds
}

// isInherited reports whether a descriptor is a socket that the program was started with, and not another that has its number by now.
func isInherited(fd int) bool {
	then, ok := startedWith[fd]
	var now unix.Stat_t
	return ok && unix.Fstat(fd, &now) == nil && now.Ino == then.Ino && now.Dev == then.Dev
}

// inherited makes a socket of a descriptor of this program's: one that it was started with, or that the request says is offered.
// Others of the primary's descriptors are no business of a worker's, and neither are connected sockets.
func inherited(r Request, wanted int) (Socket, error) {
	if !r.Offered && !isInherited(r.FD) {
		return Socket{}, unix.EINVAL
	}
	if bound, err := boundTo(r.FD, wanted); err != nil || wanted == unix.SOCK_DGRAM && !isInternet(bound) {
		return Socket{}, unix.EINVAL
	}
	own, err := Dup(r.FD)
	if err != nil {
		return Socket{}, err
	}
	if err := unix.SetNonblock(own, true); err != nil {
		CloseFD(own)
		return Socket{}, err
	}
	return Socket{FD: own, Inherited: true}, nil
}

// boundTo returns what a socket of a kind that has no peer is bound to.
func boundTo(fd, kind int) (unix.Sockaddr, error) {
	if is, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || is != kind {
		return nil, unix.EINVAL
	}
	if _, err := unix.Getpeername(fd); err != unix.ENOTCONN && err != unix.EINVAL {
		return nil, unix.EINVAL
	}
	return unix.Getsockname(fd)
}

func isInternet(address unix.Sockaddr) bool {
	switch address.(type) {
	case *unix.SockaddrInet4, *unix.SockaddrInet6:
		return true
	}
	return false
}
