package routes

import (
	"bytes"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// Bounds on what is kept of a worker.
const (
	sidLength   = 20
	maxSessions = 1 << 17 // of one worker
)

// Sticky is the route of @socket.io/sticky, and the server of its clients. Workers that call its setupWorker need not listen: [Sticky.Serve]
// does, and gives each connection to the worker of its session, by the sid that is asked for. Without a sid that is the worker that has the
// fewest sessions. The package needs the serialization advanced.
//
// Make one with [NewSticky], give it to a pool as one of its Routes, and close it in the end.
type Sticky struct {
	mu       sync.Mutex
	sessions map[string]*cluster.Worker
	counts   map[*cluster.Worker]int // sessions and streams
	streams  map[string]*stream
	queued   int // bytes that wait for clients
	server   stickyServer
}

// NewSticky makes a route that has no clients yet.
func NewSticky() *Sticky {
	s := &Sticky{sessions: map[string]*cluster.Worker{}, counts: map[*cluster.Worker]int{}, streams: map[string]*stream{}}
	s.server.begin()
	return s
}

// Name is the package's.
func (*Sticky) Name() string { return "@socket.io/sticky" }

// The messages of workers.
const (
	stickyBind    = "sticky:connection"
	stickyUnbind  = "sticky:disconnection"
	stickyAnswer  = "sticky:http-response"
	stickyEnd     = "sticky:http-response-end"
	stickyDestroy = "sticky:http-response-destroy"
)

// stickyType is what every message of the protocol has near its beginning.
var stickyType = []byte("sticky:")

// Matches reports whether a message is one of the protocol.
func (*Sticky) Matches(m nodeipc.Message) bool { return isSticky(m) }

func isSticky(m message) bool {
	payload := m.Payload()
	if !bytes.Contains(payload[:min(len(payload), 64)], stickyType) {
		return false
	}
	var found struct {
		Type string `json:"type"`
	}
	if m.Decode(&found) != nil {
		return false
	}
	switch found.Type {
	case stickyBind, stickyUnbind, stickyAnswer, stickyEnd, stickyDestroy:
		return true
	}
	return false
}

// Take handles a message of a worker.
func (s *Sticky) Take(_ *pool.Router, from *cluster.Worker, m nodeipc.Message) { s.take(from, m) }

func (s *Sticky) take(from *cluster.Worker, m message) {
	var about struct {
		Type       string `json:"type"`
		Connection string `json:"connectionId"`
	}
	var session struct {
		Data string `json:"data"`
	}
	var answer struct {
		Data []byte `json:"data"`
	}
	if m.Decode(&about) != nil {
		return
	}
	switch about.Type {
	case stickyBind, stickyUnbind:
		if m.Decode(&session) == nil && isSID(session.Data) {
			s.bind(from, session.Data, about.Type == stickyBind)
		}
	case stickyAnswer:
		if m.Decode(&answer) == nil {
			s.answer(from, about.Connection, answer.Data)
		}
	default:
		s.end(from, about.Connection, about.Type == stickyDestroy)
	}
}

// Leave forgets the sessions of a worker, and ends the connections that it was answering.
func (s *Sticky) Leave(_ *pool.Router, w *cluster.Worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sid, of := range s.sessions {
		if of == w {
			delete(s.sessions, sid)
		}
	}
	for _, st := range s.streams {
		if st.worker == w {
			s.finish(st)
			st.conn.Close()
		}
	}
	delete(s.counts, w)
}

// bind notes whose a session is. A worker has no say about those of another.
func (s *Sticky) bind(w *cluster.Worker, sid string, bound bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.sessions[sid]
	switch {
	case bound && of == nil && s.counts[w] < maxSessions:
		s.sessions[sid] = w
		s.counts[w]++
	case !bound && of == w:
		delete(s.sessions, sid)
		s.uncount(w)
	}
}

// uncount counts one session or stream less. The caller holds the lock.
func (s *Sticky) uncount(w *cluster.Worker) {
	if s.counts[w]--; s.counts[w] <= 0 {
		delete(s.counts, w)
	}
}

// choose returns the worker of a session, or else, of those given, the one with the fewest; nil if there is none. It is none of those that
// were tried.
func (s *Sticky) choose(sid string, workers []*cluster.Worker, tried map[*cluster.Worker]bool) (chosen *cluster.Worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.sessions[sid]; w != nil && w.IsConnected() && !tried[w] {
		return w
	}
	for _, w := range workers {
		if w.IsConnected() && !tried[w] && (chosen == nil || s.counts[w] < s.counts[chosen]) {
			chosen = w
		}
	}
	return chosen
}

// isSID reports whether a text is what Engine.IO has for the identifier of a session.
func isSID(text string) bool {
	for _, c := range []byte(text) {
		if !isSIDByte(c) {
			return false
		}
	}
	return len(text) == sidLength
}

func isSIDByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
