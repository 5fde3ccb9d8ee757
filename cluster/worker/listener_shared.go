package worker

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// sharedListener is a server on a socket of the primary's, from which it accepts itself. Connections that came to another
// such socket, whose worker is gone, the primary dispatches.
type sharedListener struct {
	net.Listener
	address      net.Addr
	connections  connections
	registration *registration

	closed     chan struct{}
	closeOnce  sync.Once
	socketOnce sync.Once // closes the socket

	mu       sync.Mutex
	waiting  []*offeredConn
	draining bool // no more connections come
}

func newSharedListener(l net.Listener, p *Process, limit int, r *registration) *sharedListener {
	return &sharedListener{
		Listener: l, address: l.Addr(), connections: connections{process: p, limit: limit}, registration: r, closed: make(chan struct{}),
	}
}

// Addr is where the socket listens; a path is as the program has it, and not as the primary has bound it.
func (l *sharedListener) Addr() net.Addr { return l.address }

// offer is called on the loop. The connection is answered for when a call of Accept takes it, which a deadline in the past
// calls back from the socket.
func (l *sharedListener) offer(seq json.RawMessage, connection *handlewrap.Handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o := l.connections.receive(seq, connection, l.draining); o != nil {
		l.waiting = append(l.waiting, o)
		l.setDeadline(time.Unix(1, 0))
	}
}

func (l *sharedListener) setDeadline(t time.Time) {
	if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		d.SetDeadline(t)
	}
}

// Accept waits for a connection to the socket, or one that the primary dispatches. Over the listener's limit they are
// closed, as Node does. Where this process has as many descriptors open as it may, the error is temporary, and what was
// dispatched goes back.
func (l *sharedListener) Accept() (net.Conn, error) {
	for {
		if o := l.takeOffered(); o != nil {
			if o.err != nil {
				return nil, acceptError(o.err, l.address)
			}
			return o.conn, nil
		}
		conn, err := l.acceptOwn()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil && l.isDraining():
			<-l.closed
			return nil, l.connections.process.closedError(l.address)
		case conn != nil || err != nil:
			return conn, err
		}
	}
}

// acceptOwn accepts a connection from the socket, or gives none where the limit is reached. The worker's leaving waits for
// the call, because a connection that it accepts at the last moment is not to be lost.
func (l *sharedListener) acceptOwn() (net.Conn, error) {
	l.connections.process.countOpen()
	defer l.connections.process.countClosed()
	conn, err := l.Listener.Accept()
	switch {
	case err != nil:
		return nil, err
	case !l.connections.add():
		conn.Close()
		return nil, nil
	}
	return l.connections.track(conn), nil
}

func (l *sharedListener) isDraining() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.draining
}

// takeOffered takes a connection that the primary has dispatched, if there is one, or the error of a shortage.
func (l *sharedListener) takeOffered() *offeredConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) > 0 {
		o := l.waiting[0]
		l.waiting = l.waiting[1:]
		o.accept()
		if isShortage(o.err) {
			l.waiting = rejectAll(l.waiting)
		}
		if len(l.waiting) == 0 {
			l.waiting = nil
			l.setDeadline(time.Time{})
		}
		if o.err == nil || isShortage(o.err) {
			return o
		}
	}
	return nil
}

// drain closes the socket, and has the primary send no more connections. What was dispatched and not accepted goes back.
func (l *sharedListener) drain() {
	l.mu.Lock()
	l.draining = true
	l.waiting = rejectAll(l.waiting)
	l.mu.Unlock()
	// Once also waits for the call that closes the socket: nobody is told of its end before nobody can connect to it.
	l.socketOnce.Do(func() { l.Listener.Close() })
	l.registration.withdraw()
}

// Close ends the server; the primary's socket stays open. What was dispatched and not accepted goes back to the primary.
func (l *sharedListener) Close() error {
	err := error(&net.OpError{Op: "close", Net: l.address.Network(), Addr: l.address, Err: net.ErrClosed})
	l.closeOnce.Do(func() {
		l.drain()
		close(l.closed)
		l.registration.close()
		err = nil
	})
	return err
}
