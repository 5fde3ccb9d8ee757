package worker

import (
	"encoding/json"
	"net"
	"sync"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// connections counts those that a server has open. The worker's leaving waits for them.
type connections struct {
	process *Process
	most    int

	mu   sync.Mutex
	open int
}

// begin makes room for a connection, if there is any.
func (c *connections) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most > 0 && c.open >= c.most {
		return false
	}
	c.open++
	c.process.opened()
	return true
}

func (c *connections) end() {
	c.mu.Lock()
	c.open--
	c.mu.Unlock()
	c.process.closed()
}

// dispatchedListener is a server whose connections the primary deals out.
type dispatchedListener struct {
	process *Process
	address net.Addr
	counted connections
	end     *serverEnd

	mu        sync.Mutex
	changed   sync.Cond
	arrived   []*arrival
	accepting int // calls of Accept that wait
	promised  int // connections in arrived that are settled for one of those
	closed    bool
}

func newDispatchedListener(p *Process, address net.Addr, most int, end *serverEnd) *dispatchedListener {
	l := &dispatchedListener{process: p, address: address, counted: connections{process: p, most: most}, end: end}
	l.changed.L = &l.mu
	return l
}

// offer is called on the loop. A connection is settled at once where a call of Accept waits for it; else the primary
// waits for the answer until one does, and so does not send more than the program takes.
func (l *dispatchedListener) offer(seq json.RawMessage, connection *handlewrap.Handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.counted.arrive(seq, connection, l.closed)
	if a == nil {
		return
	}
	if l.accepting > l.promised {
		l.promised++
		a.settle()
	}
	l.arrived = append(l.arrived, a)
	l.changed.Signal()
}

// Accept waits for the next connection that the primary deals out. Where this process has as many descriptors open as it
// may, connections go back to the primary, and Accept says so as that of package net does: with an error that is
// temporary, after which a server is to wait a moment.
func (l *dispatchedListener) Accept() (net.Conn, error) {
	for {
		a := l.next()
		switch {
		case a == nil:
			return nil, &net.OpError{Op: "accept", Net: l.address.Network(), Addr: l.address, Err: net.ErrClosed}
		case a.err == nil:
			return a.conn, nil
		case isShortage(a.err):
			return nil, acceptError(a.err, l.address)
		}
		// It was no connection: there is another to come.
	}
}

// next is the next connection, settled, or nil once the listener is closed.
func (l *dispatchedListener) next() *arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.arrived) == 0 && !l.closed {
		l.accepting++
		l.changed.Wait()
		l.accepting--
	}
	if len(l.arrived) == 0 {
		return nil
	}
	a := l.arrived[0]
	l.arrived[0] = nil
	if l.arrived = l.arrived[1:]; a.settled {
		l.promised--
	}
	if a.settle(); isShortage(a.err) {
		l.arrived = refuseAll(l.arrived)
	}
	return a
}

// Close ends the server. What the program has not accepted yet goes back to the primary.
func (l *dispatchedListener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return &net.OpError{Op: "close", Net: l.address.Network(), Addr: l.address, Err: net.ErrClosed}
	}
	l.closed = true
	l.arrived = refuseAll(l.arrived)
	l.mu.Unlock()
	l.changed.Broadcast()
	l.end.run()
	return nil
}

// Addr is where the primary listens.
func (l *dispatchedListener) Addr() net.Addr { return l.address }

// joinedPacketConn is a UDP socket that the workers share.
type joinedPacketConn struct {
	*net.UDPConn
	end *serverEnd
}

func (c *joinedPacketConn) offer(seq json.RawMessage, connection *handlewrap.Handle) {
	closeHandle(connection)
	c.end.process.answer(seq, false)
}

// Close ends the server; the primary's socket stays open.
func (c *joinedPacketConn) Close() error {
	err := c.UDPConn.Close()
	c.end.run()
	return err
}
