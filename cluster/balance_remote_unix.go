//go:build unix

package cluster

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// RemoteAddr returns the client's address without its port. It is the zero Addr for a client on a Unix socket, and for one that has
// closed the connection already.
func (c Connection) RemoteAddr() netip.Addr {
	peer, err := unix.Getpeername(c.fd)
	if err != nil {
		return netip.Addr{}
	}
	switch a := peer.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(a.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(a.Addr).Unmap()
	}
	return netip.Addr{}
}
