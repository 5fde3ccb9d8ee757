package cluster

import (
	"net"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
)

// Address is where a server in a worker listens or was to listen, as the worker said it.
type Address struct {
	// Address is an IP address or a path; empty for the unspecified address.
	Address string
	// Port is -1 for a path or a descriptor.
	Port int
	// AddressType is Node's word for it: 4 or 6 for TCP, -1 for a path, "udp4" or "udp6".
	AddressType string
	// FD is the descriptor that the server was made of, -1 for none.
	FD int
}

// size is how many bytes a worker has made an address of.
func (a Address) size() int { return len(a.Address) + len(a.AddressType) }

var _ net.Addr = Address{}

// Network returns "tcp" or "udp", or "unix" for a path and for a descriptor without a port.
func (a Address) Network() string {
	switch {
	case a.AddressType == "udp4" || a.AddressType == "udp6":
		return "udp"
	case a.Port >= 0:
		return "tcp"
	}
	return "unix"
}

// String returns the host and port as [net.JoinHostPort] joins them, with an empty host for the unspecified address. For a path it
// returns the path, and where only a descriptor is known "file descriptor 5".
func (a Address) String() string {
	switch {
	case a.Port >= 0:
		return net.JoinHostPort(a.Address, strconv.Itoa(a.Port))
	case a.Address == "" && a.FD >= 0:
		return "file descriptor " + strconv.Itoa(a.FD)
	}
	return a.Address
}

// addressFrom returns the address on which a worker says that a server listens, or wants to.
func addressFrom(s *wire.Server) Address {
	return Address{
		Address:     wire.TextOrEmpty(s.Address),
		Port:        wire.Integer(s.Port, -1),
		AddressType: wire.Text(s.AddressType),
		FD:          wire.Integer(s.FD, -1),
	}
}
