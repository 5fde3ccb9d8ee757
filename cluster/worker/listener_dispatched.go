package worker

import (
	"encoding/json"
	"net"
	"sync"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// dispatchedListener is a server whose connections the primary dispatches.
type dispatchedListener struct {
	process      *Process
	address      net.Addr
	counted      connections
	registration *registration

	mu        sync.Mutex
	changed   sync.Cond
	waiting   []*offeredConn
	accepting int  // calls of Accept that wait
	reserved  int  // connections in waiting that were accepted for one of those
	draining  bool // no more connections come
	closed    bool
}

func newDispatchedListener(p *Process, address net.Addr, limit int, r *registration) *dispatchedListener {
	l := &dispatchedListener{process: p, address: address, counted: connections{process: p, limit: limit}, registration: r}
	l.changed.L = &l.mu
	return l
}

// offer is called on the loop. A connection is accepted at once where a call of Accept waits for it; else the primary
// waits for the answer until one does, and so does not send more than the program takes.
func (l *dispatchedListener) offer(seq json.RawMessage, connection *handlewrap.Handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.counted.receive(seq, connection, l.draining)
	if o == nil {
		return
	}
	if l.accepting > l.reserved {
		l.reserved++
		o.accept()
	}
	l.waiting = append(l.waiting, o)
	l.changed.Signal()
}

// Accept waits for the next connection that the primary dispatches. Where this process has as many descriptors open as it
// may, connections go back to the primary, and Accept says so as that of package net does: with an error that is
// temporary, after which a server is to wait a moment.
func (l *dispatchedListener) Accept() (net.Conn, error) {
	for {
		o := l.next()
		switch {
		case o == nil:
			return nil, l.process.closedError(l.address)
		case o.err == nil:
			return o.conn, nil
		case isShortage(o.err):
			return nil, acceptError(o.err, l.address)
		}
		// It was no connection: there is another to come.
	}
}

// next is the next connection, accepted, or nil once the listener is closed.
func (l *dispatchedListener) next() *offeredConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) == 0 && !l.closed {
		l.accepting++
		l.changed.Wait()
		l.accepting--
	}
	if len(l.waiting) == 0 {
		return nil
	}
	o := l.waiting[0]
	l.waiting[0] = nil
	if l.waiting = l.waiting[1:]; o.answered {
		l.reserved--
	}
	if o.accept(); isShortage(o.err) {
		l.waiting = rejectAll(l.waiting)
	}
	return o
}

// drain has the primary send no more connections. What the program has not accepted goes back to it.
func (l *dispatchedListener) drain() {
	l.mu.Lock()
	l.draining = true
	l.waiting = rejectAll(l.waiting)
	l.mu.Unlock()
	l.registration.withdraw()
}

// Close ends the server. What the program has not accepted yet goes back to the primary.
func (l *dispatchedListener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return &net.OpError{Op: "close", Net: l.address.Network(), Addr: l.address, Err: net.ErrClosed}
	}
	l.closed, l.draining = true, true
	l.waiting = rejectAll(l.waiting)
	l.mu.Unlock()
	l.changed.Broadcast()
	l.registration.close()
	return nil
}

// Addr is where the primary listens.
func (l *dispatchedListener) Addr() net.Addr { return l.address }

// packetConn is a UDP socket, which the workers of a primary share.
type packetConn struct {
	*net.UDPConn
	registration *registration
	closeOnce    sync.Once
}

func (c *packetConn) offer(seq json.RawMessage, connection *handlewrap.Handle) {
	closeHandle(connection)
	c.registration.process.answer(seq, false)
}

// drain closes the socket: who reads from it would take datagrams away from other workers.
func (c *packetConn) drain() { c.Close() }

// Close ends the server; the primary's socket stays open.
func (c *packetConn) Close() error {
	err := error(&net.OpError{Op: "close", Net: "udp", Addr: c.LocalAddr(), Err: net.ErrClosed})
	// Once also waits for the call that closes the socket, as for sharedListener.
	c.closeOnce.Do(func() { err = c.UDPConn.Close() })
	c.registration.close()
	return err
}
