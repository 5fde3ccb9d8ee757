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
// such socket, whose worker is gone, the primary deals out.
type sharedListener struct {
	net.Listener
	address     net.Addr
	connections connections
	end         *serverEnd

	mu      sync.Mutex
	arrived []*arrival
	closed  bool
}

func newSharedListener(l net.Listener, p *Process, most int, end *serverEnd) *sharedListener {
	return &sharedListener{Listener: l, address: l.Addr(), connections: connections{process: p, most: most}, end: end}
}

// Addr is where the socket listens; a path is as the program has it, and not as the primary has bound it.
func (l *sharedListener) Addr() net.Addr { return l.address }

// offer is called on the loop. The connection is answered for when a call of Accept takes it, which a deadline in the past
// calls back from the socket.
func (l *sharedListener) offer(seq json.RawMessage, connection *handlewrap.Handle) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.connections.arrive(seq, connection, l.closed); a != nil {
		l.arrived = append(l.arrived, a)
		l.setDeadline(time.Unix(1, 0))
	}
}

func (l *sharedListener) setDeadline(t time.Time) {
	if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		d.SetDeadline(t)
	}
}

// Accept waits for a connection to the socket, or one that the primary deals out. Over the listener's limit they are
// closed, as Node does. Where this process has as many descriptors open as it may, the error is temporary, and what was
// dealt out goes back.
func (l *sharedListener) Accept() (net.Conn, error) {
	for {
		if a := l.takeArrived(); a != nil {
			if a.err != nil {
				return nil, acceptError(a.err, l.address)
			}
			return a.conn, nil
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

// takeArrived takes a connection that the primary has dealt out, if there is one, or the error of a shortage.
func (l *sharedListener) takeArrived() *arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.arrived) > 0 {
		a := l.arrived[0]
		l.arrived = l.arrived[1:]
		a.settle()
		if isShortage(a.err) {
			l.arrived = refuseAll(l.arrived)
		}
		if len(l.arrived) == 0 {
			l.arrived = nil
			l.setDeadline(time.Time{})
		}
		if a.err == nil || isShortage(a.err) {
			return a
		}
	}
	return nil
}

// Close ends the server; the primary's socket stays open. What was dealt out and not accepted goes back to the primary.
func (l *sharedListener) Close() error {
	l.mu.Lock()
	l.closed = true
	l.arrived = refuseAll(l.arrived)
	l.mu.Unlock()
	err := l.Listener.Close()
	l.end.run()
	return err
}
