package handlewrap

import (
	"fmt"
	"strings"
)

// Kind is what a socket is to the kernel, whatever Type its sender gave it.
type Kind int

const (
	// KindListener is a listening stream socket.
	KindListener Kind = iota + 1
	// KindBound is a stream socket that neither listens nor ever was connected.
	KindBound
	// KindConn is a connected stream socket, or one whose peer has gone.
	KindConn
	// KindPacket is a datagram socket.
	KindPacket
)

// String returns what k is in words, "listening socket" for one.
func (k Kind) String() string {
	switch k {
	case KindListener:
		return "listening socket"
	case KindBound:
		return "bound socket that does not listen"
	case KindConn:
		return "connected socket"
	case KindPacket:
		return "datagram socket"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// KindError is the error of a conversion that the kind of the socket does not allow.
type KindError struct {
	// Op is the method or function that refused, such as "Listener" or "FromConn".
	Op string
	// Kind is what the socket is.
	Kind Kind
}

// Error returns one line that names what the socket is and which method takes it.
func (e *KindError) Error() string {
	return fmt.Sprintf("handlewrap: %s: it is a %s, use %s", e.Op, e.Kind, e.instead())
}

func (e *KindError) instead() string {
	from := ""
	if strings.HasPrefix(e.Op, "From") {
		from = "From"
	}
	switch e.Kind {
	case KindListener:
		return from + "Listener"
	case KindConn:
		return from + "Conn"
	case KindPacket:
		return from + "PacketConn"
	}
	if from != "" {
		return "FromFile"
	}
	return "Listen"
}
