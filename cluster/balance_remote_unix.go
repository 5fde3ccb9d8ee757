//go:build unix

package cluster

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// RemoteAddr is the client's address, without its port; the zero Addr for one on a Unix socket, or who is gone already.
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
