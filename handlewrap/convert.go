package handlewrap

import (
	"fmt"
	"net"
	"os"
	"slices"
)

// nodeBacklog is the backlog that Node asks for when a program names none.
const nodeBacklog = 511

// Listener gives the fd to a *net.TCPListener or *net.UnixListener and leaves h empty. Closing the listener
// never removes a Unix socket's path, which belongs to the process that bound it, as in Node.
//
// A socket that is not listening is refused with a *KindError, and h keeps it, as on any error.
func (h *Handle) Listener() (net.Listener, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return giveAs(h, "Listener", net.FileListener, KindListener)
}

// Listen calls listen(2) and then does what Listener does. It is for a socket that was bound elsewhere: a
// net.BoundSocket, or the net.Native handle that cluster shares under SCHED_NONE, which another worker may
// have listened on already. A backlog of 0 is Node's 511, and one below 0 the most that the
// system allows; the system may cap it.
//
// Node binds with SO_REUSEADDR, so an address in use can surface only here, as EADDRINUSE. Other kinds of
// socket are refused with a *KindError. On any error h keeps the fd.
func (h *Handle) Listen(backlog int) (net.Listener, error) {
	const op = "Listen"
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.require(op, KindBound, KindListener); err != nil {
		return nil, err
	}
	if backlog == 0 {
		backlog = nodeBacklog
	}
	if err := listen(h.owned.fd(), backlog); err != nil {
		return nil, fmt.Errorf("handlewrap: %s: %w", op, err)
	}
	return giveAs(h, op, net.FileListener, KindListener)
}

// Conn gives the fd to a net.Conn and leaves h empty. It is a plain *net.TCPConn or *net.UnixConn with Go's
// defaults (no delay, keep-alive) unless OnClose functions are registered, which its Close then calls once:
// it is then a type that embeds the plain one and has all of its methods.
//
// A connection whose peer reset it on the way is still given, as Node does, and fails when read. Since the
// system no longer says who the peer was, its RemoteAddr is then an unspecified address, and it too embeds
// the plain type.
//
// A socket that is not connected is refused with a *KindError, and h keeps it, as on any error.
func (h *Handle) Conn() (net.Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	onClose := h.onClose
	c, err := giveAs(h, "Conn", net.FileConn, KindConn)
	if err != nil {
		return nil, err
	}
	return wrapConn(c, onClose), nil
}

// PacketConn gives the fd to a *net.UDPConn and leaves h empty. Other kinds of socket are refused with a
// *KindError, and h keeps the fd, as on any error.
func (h *Handle) PacketConn() (net.PacketConn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return giveAs(h, "PacketConn", net.FilePacketConn, KindPacket)
}

// File gives the fd to an *os.File, of whatever kind it is, and leaves h empty. The file is non-blocking,
// and its Fd method leaves it so. On error h keeps the fd.
func (h *Handle) File() (*os.File, error) {
	const op = "File"
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.owned == 0 {
		return nil, emptyError(op)
	}
	if err := setNonblock(h.owned.fd()); err != nil {
		return nil, fmt.Errorf("handlewrap: %s: %w", op, err)
	}
	f := os.NewFile(uintptr(h.owned.fd()), string(h.typ))
	h.empty()
	return f, nil
}

// require returns an error unless h's socket is of one of the given kinds. The caller holds the lock.
func (h *Handle) require(op string, want ...Kind) error {
	k, err := h.kind(op)
	if err != nil {
		return err
	}
	if !slices.Contains(want, k) {
		return &KindError{Op: op, Kind: k}
	}
	return nil
}

// giveAs moves h's fd, which has to be of the given kind, to what net makes of it. The caller holds h's lock.
func giveAs[T any](h *Handle, op string, convert func(*os.File) (T, error), want Kind) (T, error) {
	var none T
	if err := h.require(op, want); err != nil {
		return none, err
	}
	result, err := viaFile(h.owned.fd(), convert)
	if err != nil {
		return none, fmt.Errorf("handlewrap: %s: %w", op, err)
	}
	_ = closeFD(h.owned.fd()) // result has a duplicate
	h.empty()
	return result, nil
}

// viaFile hands convert a file on a duplicate of fd, because a file, once made, can only close its fd, and
// fd has to survive a failure.
func viaFile[T any](fd int, convert func(*os.File) (T, error)) (T, error) {
	var none T
	if err := setNonblock(fd); err != nil { // before NewFile, or the file's Fd would make it blocking
		return none, err
	}
	copied, err := dup(fd)
	if err != nil {
		return none, err
	}
	f := os.NewFile(uintptr(copied), "")
	defer f.Close()
	return convert(f)
}
