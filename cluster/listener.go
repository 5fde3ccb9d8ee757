package cluster

import (
	"encoding/json"
	"net"
	"sync"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// connections counts those that a server has open. The worker's leaving waits for them.
type connections struct {
	self *Self
	most int

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
	c.self.opened()
	return true
}

func (c *connections) end() {
	c.mu.Lock()
	c.open--
	c.mu.Unlock()
	c.self.closed()
}

// dealtListener is a server whose connections the primary deals out.
type dealtListener struct {
	self    *Self
	address net.Addr
	counted connections
	end     *serverEnd

	mu        sync.Mutex
	changed   sync.Cond
	arrived   []dealt
	accepting int // calls of Accept that wait
	promised  int // connections in arrived that are taken for one of those
	closed    bool
}

// dealt is a connection that the primary has offered. It is answered for when somebody takes it.
type dealt struct {
	handle   *handlewrap.Handle
	seq      json.RawMessage
	answered bool
}

func newDealtListener(s *Self, address net.Addr, most int, end *serverEnd) *dealtListener {
	l := &dealtListener{self: s, address: address, counted: connections{self: s, most: most}, end: end}
	l.changed.L = &l.mu
	return l
}

// offer is called on the loop. A connection is taken at once where a call of Accept waits for it; else the primary
// waits for the answer until one does, and so does not send more than the program takes.
func (l *dealtListener) offer(seq json.RawMessage, connection *handlewrap.Handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || !l.counted.begin() {
		connection.Close()
		l.self.answer(seq, false)
		return
	}
	taken := l.accepting > l.promised
	if taken {
		l.promised++
		l.self.answer(seq, true)
	}
	l.arrived = append(l.arrived, dealt{handle: connection, seq: seq, answered: taken})
	l.changed.Signal()
}

// Accept waits for the next connection that the primary deals out.
func (l *dealtListener) Accept() (net.Conn, error) {
	for {
		d, ok := l.next()
		if !ok {
			return nil, &net.OpError{Op: "accept", Net: l.address.Network(), Addr: l.address, Err: net.ErrClosed}
		}
		if !d.answered {
			l.self.answer(d.seq, true)
		}
		d.handle.OnClose(l.counted.end)
		conn, err := d.handle.Conn()
		if err == nil {
			return conn, nil
		}
		// It was reset on its way: there is another to come.
		d.handle.Close()
	}
}

func (l *dealtListener) next() (dealt, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.arrived) == 0 && !l.closed {
		l.accepting++
		l.changed.Wait()
		l.accepting--
	}
	if len(l.arrived) == 0 {
		return dealt{}, false
	}
	d := l.arrived[0]
	l.arrived[0] = dealt{}
	if l.arrived = l.arrived[1:]; d.answered {
		l.promised--
	}
	return d, true
}

// Close ends the server. What the program has not accepted yet goes back to the primary.
func (l *dealtListener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return &net.OpError{Op: "close", Net: l.address.Network(), Addr: l.address, Err: net.ErrClosed}
	}
	l.closed = true
	kept := l.arrived[:0]
	for _, d := range l.arrived {
		if d.answered {
			kept = append(kept, d)
			continue
		}
		d.handle.Close()
		l.counted.end()
		l.self.answer(d.seq, false)
	}
	l.arrived = kept
	l.mu.Unlock()
	l.changed.Broadcast()
	l.end.run()
	return nil
}

// Addr is where the primary listens.
func (l *dealtListener) Addr() net.Addr { return l.address }

// joinedPacketConn is a UDP socket that the workers share.
type joinedPacketConn struct {
	*net.UDPConn
	end *serverEnd
}

func (c *joinedPacketConn) offer(seq json.RawMessage, connection *handlewrap.Handle) {
	connection.Close()
	c.end.self.answer(seq, false)
}

// Close ends the server; the primary's socket stays open.
func (c *joinedPacketConn) Close() error {
	err := c.UDPConn.Close()
	c.end.run()
	return err
}
