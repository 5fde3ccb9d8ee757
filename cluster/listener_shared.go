package cluster

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
// such socket, whose worker is gone, the primary deals out.
type sharedListener struct {
	net.Listener
	address     net.Addr
	connections connections
	end         *serverEnd

	mu      sync.Mutex
	arrived []dealt
	closed  bool
}

func newSharedListener(l net.Listener, s *Self, most int, end *serverEnd) *sharedListener {
	return &sharedListener{Listener: l, address: l.Addr(), connections: connections{self: s, most: most}, end: end}
}

// Addr is where the socket listens; a path is as the program has it, and not as the primary has bound it.
func (l *sharedListener) Addr() net.Addr { return l.address }

// offer is called on the loop. The connection is answered for when a call of Accept takes it, which a deadline in the past
// calls back from the socket.
func (l *sharedListener) offer(seq json.RawMessage, connection *handlewrap.Handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || !l.connections.begin() {
		connection.Close()
		l.end.self.answer(seq, false)
		return
	}
	l.arrived = append(l.arrived, dealt{handle: connection, seq: seq})
	l.setDeadline(time.Unix(1, 0))
}

func (l *sharedListener) setDeadline(t time.Time) {
	if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		d.SetDeadline(t)
	}
}

// Accept waits for a connection to the socket, or one that the primary deals out. Over the listener's limit they are
// closed, as Node does.
func (l *sharedListener) Accept() (net.Conn, error) {
	for {
		if conn := l.takeArrived(); conn != nil {
			return conn, nil
		}
		conn, err := l.Listener.Accept()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return nil, err
		case l.connections.begin():
			return handlewrap.Track(conn, l.connections.end), nil
		default:
			conn.Close()
		}
	}
}

// takeArrived takes a connection that the primary has dealt out, if there is one.
func (l *sharedListener) takeArrived() net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.arrived) > 0 {
		d := l.arrived[0]
		if l.arrived = l.arrived[1:]; len(l.arrived) == 0 {
			l.arrived = nil
			l.setDeadline(time.Time{})
		}
		l.end.self.answer(d.seq, true)
		d.handle.OnClose(l.connections.end)
		conn, err := d.handle.Conn()
		if err == nil {
			return conn
		}
		d.handle.Close() // it was reset on its way
	}
	return nil
}

// Close ends the server; the primary's socket stays open. What was dealt out and not accepted goes back to the primary.
func (l *sharedListener) Close() error {
	l.mu.Lock()
	l.closed = true
	for _, d := range l.arrived {
		d.handle.Close()
		l.connections.end()
		l.end.self.answer(d.seq, false)
	}
	l.arrived = nil
	l.mu.Unlock()
	err := l.Listener.Close()
	l.end.run()
	return err
}
