//go:build unix

package bind

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Socket is a bound socket of the primary's, and the file that goes with it, if it has a path.
type Socket struct {
	FD int
	// Inherited says that it is a copy of a descriptor of the program's, which stays open.
	Inherited bool
	file      *socketFile
}

// Stream makes the socket that a TCP or Unix-socket server wants, bound and not yet listening. The error holds a
// syscall.Errno.
func Stream(r Request) (Socket, error) {
	switch {
	case r.FD >= 0:
		return inherited(r, unix.SOCK_STREAM)
	case r.Port >= 0:
		return bindTCP(r)
	}
	return bindPath(r)
}

// bindTCP binds to an address, or to the unspecified one: IPv6 and IPv4 together where there is IPv6.
func bindTCP(r Request) (Socket, error) {
	if r.Address != "" {
		return bindInternet(unix.SOCK_STREAM, r)
	}
	r.Address = "::"
	s, err := bindInternet(unix.SOCK_STREAM, r)
	if err == nil || errors.Is(err, unix.EADDRINUSE) {
		return s, err
	}
	return bindInternet(unix.SOCK_STREAM, Request{Address: "0.0.0.0", Port: r.Port})
}

// Packet makes the socket that a UDP server wants, bound. The error holds a syscall.Errno.
func Packet(r Request) (Socket, error) {
	if r.FD > 0 {
		return inherited(r, unix.SOCK_DGRAM)
	}
	r.Address = packetAddress(r)
	return bindInternet(unix.SOCK_DGRAM, r)
}

// packetAddress is the address that a request for UDP means.
func packetAddress(r Request) string {
	switch {
	case r.Address != "":
		return r.Address
	case r.IPv6:
		return "::"
	}
	return "0.0.0.0"
}

func bindInternet(kind int, r Request) (Socket, error) {
	ip, err := netip.ParseAddr(r.Address)
	if err != nil || r.Port > 65535 {
		return Socket{}, unix.EINVAL
	}
	family := unix.AF_INET
	if ip.Is6() {
		family = unix.AF_INET6
	}
	fd, err := NewSocket(family, kind)
	if err != nil {
		return Socket{}, err
	}
	if err := errors.Join(setOptions(fd, family, kind, r), bindOrReleased(fd, ip, max(r.Port, 0))); err != nil {
		CloseFD(fd)
		return Socket{}, err
	}
	return Socket{FD: fd}, nil
}

func setOptions(fd, family, kind int, r Request) error {
	if kind == unix.SOCK_STREAM || r.ReuseAddress {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if kind == unix.SOCK_DGRAM && r.ReusePort {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return err
		}
	}
	if family == unix.AF_INET6 {
		only := 0
		if r.IPv6Only {
			only = 1
		}
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
	}
	return nil
}

func bindAddress(fd int, ip netip.Addr, port int) error {
	if ip.Is4() {
		return unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: ip.As4()})
	}
	return unix.Bind(fd, &unix.SockaddrInet6{Port: port, Addr: ip.As16(), ZoneId: zoneID(ip.Zone())})
}

// Close closes the socket and takes its path away, unless another socket stands there by now.
func (s *Socket) Close() {
	if !s.Inherited {
		Release(s.FD)
	}
	CloseFD(s.FD)
	if s.file != nil {
		s.file.remove()
		s.file.close()
	}
}

// Listen makes the socket listen, with Node's backlog for 0. Below 0 it is the most that the system allows, as in Node. An inherited one
// that listens already keeps the queue that it was given, unless the program asks for another.
func (s *Socket) Listen(backlog int) error {
	if backlog == 0 && s.Inherited {
		if listens, err := unix.GetsockoptInt(s.FD, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && listens != 0 {
			return nil
		}
	}
	return Listen(s.FD, backlog)
}

// Addr is where an internet socket is bound, the zero AddrPort for a path.
func (s *Socket) Addr() (netip.AddrPort, error) {
	bound, err := unix.Getsockname(s.FD)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("getsockname: %w", err)
	}
	switch a := bound.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), nil
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)), nil
	}
	return netip.AddrPort{}, nil
}
