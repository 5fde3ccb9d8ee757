package routes

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// Bounds on answers that wait for clients to read them, in bytes. A connection that would have more is closed.
const (
	maxQueued    = 8 << 20
	maxQueuedAll = 64 << 20
	maxChunk     = 64 << 10
)

// stream is a connection that stays the primary's: what comes of it goes to a worker in messages, and so do the answers come.
type stream struct {
	id     string
	worker *cluster.Worker
	conn   net.Conn

	// The route's mu guards these.
	answers [][]byte
	queued  int
	ended   bool          // after the answers
	over    bool          // it is none of the route's streams any more
	changed chan struct{} // has one while there is something to write or to end
}

// stickyChunk is a message about a stream.
type stickyChunk struct {
	Type       string      `json:"type"`
	Data       []byte      `json:"data,omitempty"`
	Connection string      `json:"connectionId"`
	Socket     *socketInfo `json:"socketInfo,omitempty"`
}

// socketInfo is what Node's net.Socket says of itself.
type socketInfo struct {
	RemoteAddress string `json:"remoteAddress"`
	RemotePort    int    `json:"remotePort"`
	LocalAddress  string `json:"localAddress"`
	LocalPort     int    `json:"localPort"`
}

func socketInfoOf(conn net.Conn) *socketInfo {
	info := &socketInfo{}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		info.RemoteAddress, info.RemotePort = a.IP.String(), a.Port
	}
	if a, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		info.LocalAddress, info.LocalPort = a.IP.String(), a.Port
	}
	return info
}

// stream passes what comes of a connection on to a worker until it ends, and what the worker answers to the client. It reports false if the
// worker could not be given even the first of it.
func (s *Sticky) stream(conn net.Conn, w *cluster.Worker, first []byte) bool {
	st := s.open(conn, w)
	begin := stickyChunk{Type: "sticky:http-chunk-start", Data: first, Connection: st.id, Socket: socketInfoOf(conn)}
	if s.send(st, begin) != nil {
		s.mu.Lock()
		s.finish(st)
		s.mu.Unlock()
		return false
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write(st)
	}()
	s.read(st)
	<-written
	return true
}

func (s *Sticky) open(conn net.Conn, w *cluster.Worker) *stream {
	var id [8]byte
	rand.Read(id[:])
	st := &stream{id: hex.EncodeToString(id[:]), worker: w, conn: conn, changed: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[st.id] = st
	s.counts[w]++
	return st
}

// read passes on what comes until the client or the worker ends the connection. While the worker does not read, nothing is read.
func (s *Sticky) read(st *stream) {
	for buffer := make([]byte, maxChunk); ; {
		st.conn.SetReadDeadline(time.Now().Add(idleTimeout))
		n, err := st.conn.Read(buffer)
		if n == 0 && err != nil {
			break
		}
		if s.send(st, stickyChunk{Type: "sticky:http-chunk", Data: buffer[:n], Connection: st.id}) != nil {
			break
		}
	}
	s.mu.Lock()
	abort := !st.over && !st.ended
	s.finish(st)
	s.mu.Unlock()
	if abort {
		s.send(st, stickyChunk{Type: "sticky:abort", Connection: st.id})
	}
}

func (s *Sticky) send(st *stream, message stickyChunk) error {
	ctx, cancel := context.WithTimeout(s.server.ctx, handTimeout)
	defer cancel()
	return st.worker.Send(ctx, message)
}

// write writes the answers, and closes the connection after the last.
func (s *Sticky) write(st *stream) {
	defer st.conn.Close()
	for range st.changed {
		s.mu.Lock()
		answers, size, ended, over := st.answers, st.queued, st.ended, st.over
		st.answers = nil
		s.mu.Unlock()
		for _, answer := range answers {
			st.conn.SetWriteDeadline(time.Now().Add(handTimeout))
			if _, err := st.conn.Write(answer); err != nil {
				over = true
				break
			}
			st.conn.SetReadDeadline(time.Now().Add(idleTimeout))
		}
		s.mu.Lock()
		if !st.over {
			st.queued -= size
			s.queued -= size
		}
		s.mu.Unlock()
		if ended || over {
			return
		}
	}
}

// finish has a stream be none of the route's any more. The caller holds the lock.
func (s *Sticky) finish(st *stream) {
	if st.over {
		return
	}
	st.over = true
	s.queued -= st.queued
	delete(s.streams, st.id)
	s.uncount(st.worker)
	st.change()
}

// change tells write that there is something to do.
func (st *stream) change() {
	select {
	case st.changed <- struct{}{}:
	default:
	}
}

// of returns the stream of a worker, nil if it has none with this name. The caller holds the lock.
func (s *Sticky) of(w *cluster.Worker, id string) *stream {
	if st := s.streams[id]; st != nil && st.worker == w && !st.ended {
		return st
	}
	return nil
}

// answer has a part of a worker's answer be written. It does not wait for the client.
func (s *Sticky) answer(from *cluster.Worker, id string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.of(from, id)
	if st == nil || len(data) == 0 {
		return
	}
	if st.queued+len(data) > maxQueued || s.queued+len(data) > maxQueuedAll {
		s.finish(st)
		st.conn.Close()
		return
	}
	st.answers = append(st.answers, data)
	st.queued += len(data)
	s.queued += len(data)
	st.change()
}

// end closes a connection, at once or after the answers that were given.
func (s *Sticky) end(from *cluster.Worker, id string, now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.of(from, id)
	switch {
	case st == nil:
	case now:
		s.finish(st)
		st.conn.Close()
	default:
		st.ended = true
		st.change()
	}
}
