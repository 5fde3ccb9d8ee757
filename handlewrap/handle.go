package handlewrap

import (
	"fmt"
	"net"
	"sync"
)

// Handle owns one open fd and its Node type. The zero value is an empty handle, as one that was closed. All methods are safe
// for concurrent use.
type Handle struct {
	typ Type

	mu        sync.Mutex
	owned     ownedFD
	serverKey string
	onClose   []func()
	closer    *Closer // of a handle that came from another process; or nil
}

// New returns a handle of type t that owns fd, and makes fd close-on-exec. It checks neither t nor what fd
// is; a negative fd gives an empty handle.
func New(t Type, fd int) *Handle {
	if fd < 0 {
		return &Handle{typ: t}
	}
	closeOnExec(fd)
	return &Handle{typ: t, owned: own(fd)}
}

// ownedFD is an fd, or none. Its zero value is none, so that a zero Handle does not own fd 0.
type ownedFD int

func own(fd int) ownedFD { return ownedFD(fd + 1) }

// fd returns the fd, -1 for none.
func (o ownedFD) fd() int { return int(o) - 1 }

// Type returns the Node type, also of an empty handle.
func (h *Handle) Type() Type { return h.typ }

// WithType moves the fd, the server key and the OnClose functions to a new handle of type t, and leaves h
// empty. From an empty handle it returns an empty one.
func (h *Handle) WithType(t Type) *Handle {
	h.mu.Lock()
	defer h.mu.Unlock()
	moved := &Handle{typ: t, owned: h.owned, serverKey: h.serverKey, onClose: h.onClose, closer: h.closer}
	h.empty()
	return moved
}

// FD returns the fd, or -1 once it was closed or given away. The handle keeps owning it: it is good for
// only as long as nobody closes or converts the handle.
func (h *Handle) FD() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.owned.fd()
}

// DgramType returns what Node calls the type of a dgram.Socket, "udp4" or "udp6", as the socket's own
// address family says. It is "" for anything but a UDP socket, and for an empty handle.
func (h *Handle) DgramType() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return dgramType(h.owned.fd())
}

// ServerKey returns the connection key of the net.Server that accepted this net.Socket, such as
// "6:null:1337", or "".
func (h *Handle) ServerKey() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.serverKey
}

// SetServerKey sets what ServerKey returns. Node counts a server's connections in other processes by it.
func (h *Handle) SetServerKey(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serverKey = key
}

// Dup returns a second handle of the same type and server key on a duplicate of the fd, which the caller
// owns. Both share one open file description: a connection ends for its peer once both are closed. OnClose
// functions are not copied.
func (h *Handle) Dup() (*Handle, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.owned == 0 {
		return nil, emptyError("Dup")
	}
	fd, err := dup(h.owned.fd())
	if err != nil {
		return nil, fmt.Errorf("handlewrap: Dup: %w", err)
	}
	return &Handle{typ: h.typ, owned: own(fd), serverKey: h.serverKey, closer: h.closer}, nil
}

// Kind asks the kernel what the socket is. It fails for an fd that is no stream or datagram socket.
func (h *Handle) Kind() (Kind, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kind("Kind")
}

// Release gives the fd to the caller, who closes it from now on, and leaves h empty. OnClose functions are
// dropped. It fails on an empty handle only.
func (h *Handle) Release() (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.owned == 0 {
		return -1, emptyError("Release")
	}
	fd := h.owned.fd()
	h.empty()
	return fd, nil
}

// OnClose has f called, once and without a lock held, when the owner of the fd is done with it: when h, or
// the handle that WithType made of it, is closed, or the net.Conn that Conn made. Every f given is called,
// in order. None is after Release, File, Listener, Listen or PacketConn, nor one given to an empty handle.
// Node's equivalent is the close event by which a receiver counts a server's sockets.
func (h *Handle) OnClose(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.owned != 0 {
		h.onClose = append(h.onClose, f)
	}
}

// Close closes the fd and then calls the OnClose functions. On an empty handle, and so the second time, it
// does nothing and returns nil. It blocks where the system's close does, but for a handle that a [Closer] made.
func (h *Handle) Close() error {
	by := closeFD
	if h.closer != nil {
		by = h.closer.closeAny
	}
	if err := h.closeBy(by); err != nil {
		return fmt.Errorf("handlewrap: Close: %w", err)
	}
	return nil
}

// closeBy takes the fd out of the handle, has it closed, and calls the OnClose functions.
func (h *Handle) closeBy(closeFD func(fd int) error) error {
	h.mu.Lock()
	fd, onClose := h.owned.fd(), h.onClose
	h.empty()
	h.mu.Unlock()
	if fd < 0 {
		return nil
	}
	err := closeFD(fd)
	for _, f := range onClose {
		f()
	}
	return err
}

// empty forgets the fd and the functions that wait for its closing. The caller holds the lock.
func (h *Handle) empty() {
	h.owned = 0
	h.onClose = nil
}

// kind is Kind for an operation of the given name. The caller holds the lock.
func (h *Handle) kind(op string) (Kind, error) {
	if h.owned == 0 {
		return 0, emptyError(op)
	}
	k, err := kindOf(h.owned.fd())
	if err != nil {
		return 0, fmt.Errorf("handlewrap: %s: %w", op, err)
	}
	return k, nil
}

func emptyError(op string) error {
	return fmt.Errorf("handlewrap: %s: the handle is empty, its fd was closed or given away: %w", op, net.ErrClosed)
}
