package handlewrap

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// FromListener returns a NetServer handle on a duplicate of l's fd, which the caller owns; l stays the
// caller's. It takes a *net.TCPListener, a *net.UnixListener, or anything that listens and has SyscallConn.
//
// Closing a *net.UnixListener that made its path removes that path, and nobody can then connect to the
// duplicate either: call l.SetUnlinkOnClose(false) before closing l to keep it.
//
// It fails when l is closed, has no SyscallConn, or is of another kind (*KindError).
func FromListener(l net.Listener) (*Handle, error) {
	return fromSocket("FromListener", NetServer, KindListener, l)
}

// FromConn returns a NetSocket handle on a duplicate of c's fd, which the caller owns; c stays the caller's.
// It takes TCP and Unix stream connections. What c has read already is not in the handle, so a buffered or
// TLS connection has to give the net.Conn beneath it.
//
// The peer sees the connection end only when c is closed too. It fails when c is closed, has no SyscallConn,
// or is of another kind (*KindError).
func FromConn(c net.Conn) (*Handle, error) {
	return fromSocket("FromConn", NetSocket, KindConn, c)
}

// FromPacketConn returns a DgramSocket handle on a duplicate of c's fd, which the caller owns; c stays the
// caller's. Its DgramType is the socket's: "udp6" for one that net.ListenPacket opened dual-stack.
//
// It fails when c is closed, has no SyscallConn, is of another kind (*KindError), or is a datagram socket
// but not UDP, for which Node has no type.
func FromPacketConn(c net.PacketConn) (*Handle, error) {
	h, err := fromSocket("FromPacketConn", DgramSocket, KindPacket, c)
	if err != nil {
		return nil, err
	}
	if h.DgramType() == "" {
		h.Close()
		return nil, fmt.Errorf("handlewrap: FromPacketConn: a %s socket has no handle type in Node, pass a UDP socket: %w",
			c.LocalAddr().Network(), errors.ErrUnsupported)
	}
	return h, nil
}

// FromFile returns a handle of type t on a duplicate of f's fd, which the caller owns; f stays the caller's
// and keeps its blocking mode until the handle is converted. It fails when t is not Valid or f is closed; it
// does not check that f is what t says.
func FromFile(t Type, f *os.File) (*Handle, error) {
	if !t.Valid() {
		return nil, fmt.Errorf("handlewrap: FromFile: %q is none of Node's handle types", string(t))
	}
	return duplicate("FromFile", t, f)
}

func fromSocket(op string, t Type, want Kind, socket any) (*Handle, error) {
	h, err := duplicate(op, t, socket)
	if err != nil {
		return nil, err
	}
	if err := h.require(op, want); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func duplicate(op string, t Type, of any) (*Handle, error) {
	conn, ok := of.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("handlewrap: %s: %T has no SyscallConn, pass the one beneath it: %w", op, of, errors.ErrUnsupported)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("handlewrap: %s: %w", op, err)
	}
	fd, dupErr := -1, error(nil)
	if err := raw.Control(func(original uintptr) { fd, dupErr = dup(int(original)) }); err != nil {
		return nil, fmt.Errorf("handlewrap: %s: %w", op, err)
	}
	if dupErr != nil {
		return nil, fmt.Errorf("handlewrap: %s: %w", op, dupErr)
	}
	return &Handle{typ: t, owned: own(fd)}, nil
}
