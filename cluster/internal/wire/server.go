package wire

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Server is what a worker says of a server that wants to listen, or listens. Fields are kept raw, because Node makes a
// difference between what is null, what is absent, and a value.
type Server struct {
	Index       json.RawMessage `json:"index"`
	Data        json.RawMessage `json:"data"`
	Address     json.RawMessage `json:"address"`
	Port        json.RawMessage `json:"port"`
	AddressType json.RawMessage `json:"addressType"`
	FD          json.RawMessage `json:"fd,omitempty"`
	Flags       json.RawMessage `json:"flags,omitempty"`
	Backlog     json.RawMessage `json:"backlog,omitempty"`
	ReadableAll json.RawMessage `json:"readableAll,omitempty"`
	WritableAll json.RawMessage `json:"writableAll,omitempty"`
	// Offered says that FD is a descriptor that the primary has for the worker. No worker says it.
	Offered bool `json:"-"`
}

// The flags of a server, as libuv numbers them.
const (
	FlagIPv6Only     = 1
	FlagReuseAddress = 4 // UDP
	FlagReusePort    = 8 // UDP
)

// Key is what a primary knows a server by, in the words of Node 22 and later: servers of different workers on one
// address are one, and so only servers on port 0 are told apart by their index.
func (s *Server) Key() string {
	address := Text(s.Address)
	if name, ok := s.AbstractName(); ok {
		address = name
	}
	key := address + ":" + Text(s.Port) + ":" + Text(s.AddressType) + ":" + Text(s.FD)
	if Text(s.Port) == "0" {
		key += ":" + Text(s.Index)
	}
	return key
}

// AbstractName returns the name of an abstract Unix socket, with the NUL with which it begins, if the address is one. Workers resolve
// paths, and so put their working directory before it. No path of a file has a NUL.
func (s *Server) AbstractName() (name string, ok bool) {
	address := TextOrEmpty(s.Address)
	i := strings.IndexByte(address, 0)
	if Text(s.AddressType) != "-1" || i < 0 || i > 0 && address[i-1] != '/' {
		return "", false
	}
	return address[i:], true
}

// Place is what no two sockets can be bound to: a port, whatever the address, or the path of a Unix socket. TCP and UDP have each
// their own ports.
func (s *Server) Place() string {
	switch kind := Text(s.AddressType); {
	case kind == "-1":
		return Text(s.Address)
	case s.IsPacket():
		return "udp " + Text(s.Port)
	default:
		return "tcp " + Text(s.Port)
	}
}

// SocketOptions are what a socket is made with beside its address.
type SocketOptions struct {
	flags, backlog           int
	readableAll, writableAll bool
}

// Options returns those that the server asks for.
func (s *Server) Options() SocketOptions {
	return SocketOptions{Integer(s.Flags, 0), Integer(s.Backlog, 0), IsTrue(s.ReadableAll), IsTrue(s.WritableAll)}
}

// Size is how many bytes the server is described in.
func (s *Server) Size() (n int) {
	for _, field := range []json.RawMessage{
		s.Index, s.Data, s.Address, s.Port, s.AddressType, s.FD, s.Flags, s.Backlog, s.ReadableAll, s.WritableAll,
	} {
		n += len(field)
	}
	return n
}

// IsPacket reports whether the server is one of datagrams.
func (s *Server) IsPacket() bool {
	t := Text(s.AddressType)
	return t == "udp4" || t == "udp6"
}

// IsInherited reports whether the server is made of a descriptor of the primary's.
func (s *Server) IsInherited() bool { return Integer(s.FD, -1) >= 0 }

// ReusesAddress reports whether others may be bound to the server's address too. Only UDP has that.
func (s *Server) ReusesAddress() bool { return Integer(s.Flags, 0)&FlagReuseAddress != 0 }

// WantsOtherPort reports whether the server asks for one port and not for this one.
func (s *Server) WantsOtherPort(port int) bool {
	wanted := Integer(s.Port, 0)
	return wanted > 0 && wanted != port
}

// String names what the server listens on.
func (s *Server) String() string {
	name, isAbstract := s.AbstractName()
	switch address := TextOrEmpty(s.Address); {
	case s.IsInherited():
		return "file descriptor " + strconv.Itoa(Integer(s.FD, -1))
	case isAbstract:
		return "@" + name[1:]
	case Text(s.AddressType) == "-1":
		return address
	case address == "":
		return "port " + Text(s.Port)
	default:
		return address + " port " + Text(s.Port)
	}
}
