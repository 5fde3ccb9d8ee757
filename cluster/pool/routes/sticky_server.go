package routes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// Bounds on what clients may take.
const (
	maxStickyClients = 16384
	maxStickyHead    = 16 << 10
	headTimeout      = 5 * time.Second
	handTimeout      = 10 * time.Second // for a worker to read
	idleTimeout      = 2 * time.Minute  // of a stream
)

var (
	unavailable = []byte("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	badRequest  = []byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
)

// stickyServer is what serves the clients of a route.
type stickyServer struct {
	ctx     context.Context // ends with the server
	stop    context.CancelFunc
	clients sync.WaitGroup
	slots   chan struct{}
}

func (s *stickyServer) begin() {
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.slots = make(chan struct{}, maxStickyClients)
}

// Serve gives those who connect to l to the workers of a pool that has s among its Routes. It returns nil after Close, and else the error by
// which l has failed. It closes l. It fails at once where the workers do not have the serialization advanced, without which they would
// die of what they are sent.
func (s *Sticky) Serve(l net.Listener, p *pool.Pool) error {
	defer l.Close()
	if p.Settings().Serialization != nodeipc.Advanced {
		return fmt.Errorf("@socket.io/sticky needs the serialization %q", nodeipc.Advanced)
	}
	defer context.AfterFunc(s.server.ctx, func() { l.Close() })()
	for {
		select {
		case s.server.slots <- struct{}{}:
		case <-s.server.ctx.Done():
			return nil
		}
		conn, err := l.Accept()
		if err != nil {
			<-s.server.slots
			if s.server.ctx.Err() != nil {
				return nil
			}
			if isShort(err) {
				continue
			}
			return fmt.Errorf("accept a client of @socket.io/sticky: %w", err)
		}
		s.server.clients.Go(func() {
			defer func() { <-s.server.slots }()
			s.serve(conn, p)
		})
	}
}

// isShort waits a moment after an error that says that the process has no descriptor left, and reports whether it is one.
func isShort(err error) bool {
	if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) {
		return false
	}
	time.Sleep(20 * time.Millisecond)
	return true
}

// Close ends Serve and what it has with clients, but for the connections that workers have, and waits for that. It is safe to call twice.
func (s *Sticky) Close() {
	s.server.stop()
	s.server.clients.Wait()
}

// serve gives a connection to a worker, or what comes of it.
func (s *Sticky) serve(conn net.Conn, p *pool.Pool) {
	defer conn.Close()
	defer context.AfterFunc(s.server.ctx, func() { conn.Close() })()
	conn.SetDeadline(time.Now().Add(headTimeout))
	first, size, err := readHead(conn)
	if err != nil {
		if errors.Is(err, errHead) {
			conn.Write(badRequest)
		}
		return
	}
	conn.SetDeadline(time.Time{})
	head := first[:size]
	give := s.hand
	if hasBody(head) {
		give = s.stream
	}
	for tried := map[*cluster.Worker]bool{}; s.server.ctx.Err() == nil; {
		w := s.choose(sidOf(head), p.Workers(), tried)
		if w == nil {
			conn.Write(unavailable)
			return
		}
		if tried[w] = true; give(conn, w, first) {
			return
		}
	}
}

// hand gives a connection to a worker with what was read of it, and reports whether that could be done.
func (s *Sticky) hand(conn net.Conn, w *cluster.Worker, first []byte) bool {
	ctx, cancel := context.WithTimeout(s.server.ctx, handTimeout)
	defer cancel()
	return w.SendConn(ctx, stickyFirst{Type: "sticky:connection", Data: first}, conn) == nil
}

// stickyFirst goes with a connection, and has what was read of it.
type stickyFirst struct {
	Type string `json:"type"`
	Data []byte `json:"data"`
}

var errHead = errors.New("a request's head is too long")

// readHead reads until a request's head is complete. It returns what it has read, and the size of the head.
func readHead(r io.Reader) (read []byte, size int, err error) {
	buffer := make([]byte, maxStickyHead)
	for n := 0; n < len(buffer); {
		m, err := r.Read(buffer[n:])
		n += m
		if i := bytes.Index(buffer[:n], []byte("\r\n\r\n")); i >= 0 {
			return buffer[:n:n], i, nil
		}
		if err != nil {
			return nil, 0, err
		}
	}
	return nil, 0, errHead
}

// sidOf is the session that a request is for, "" if it begins one.
func sidOf(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	for {
		_, after, ok := bytes.Cut(line, []byte("sid="))
		if !ok {
			return ""
		}
		if sid := string(after[:min(len(after), sidLength)]); isSID(sid) {
			return sid
		}
		line = after
	}
}

// hasBody reports whether more may come than a head, so that the connection cannot be given away.
func hasBody(head []byte) bool {
	head = bytes.ToLower(head)
	return bytes.Contains(head, []byte("\r\ncontent-length")) || bytes.Contains(head, []byte("\r\ntransfer-encoding"))
}

var _ pool.Route = (*Sticky)(nil)
