//go:build unix

package relay

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

func describe(fds []int) []Handle {
	handles := make([]Handle, len(fds))
	for i, fd := range fds {
		handles[i] = describeOne(fd)
	}
	return handles
}

func describeOne(fd int) Handle {
	h := Handle{FD: fd}
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) == nil {
		h.Inode = uint64(stat.Ino)
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return h
	}
	if local, err := unix.Getsockname(fd); err == nil {
		h.Network, h.Local = network(local, kind), address(local)
	}
	if remote, err := unix.Getpeername(fd); err == nil {
		h.Remote = address(remote)
	}
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	h.Listening = err == nil && listening != 0
	return h
}

func network(a unix.Sockaddr, kind int) string {
	names := map[int]string{unix.SOCK_STREAM: "tcp", unix.SOCK_DGRAM: "udp"}
	switch a.(type) {
	case *unix.SockaddrInet4, *unix.SockaddrInet6:
	case *unix.SockaddrUnix:
		names = map[int]string{unix.SOCK_STREAM: "unix", unix.SOCK_DGRAM: "unixgram"}
	default:
		return ""
	}
	return names[kind]
}

func address(a unix.Sockaddr) string {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String()
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)).String()
	case *unix.SockaddrUnix:
		return a.Name
	}
	return ""
}
