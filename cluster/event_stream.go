package cluster

import (
	"slices"
	"sync"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// eventStream gives events to all readers, in one order.
type eventStream struct {
	mustNotWait func() // panics where to wait for an event would be to wait for ever

	mu     sync.Mutex
	own    *Subscription // the primary's, who alone gets handles
	others []*Subscription
	closed bool
}

// entry is an event with what it costs the worker that caused it, while it waits for a reader.
type entry struct {
	event  Event
	worker *Worker
	cost   int
}

func newEventStream(mustNotWait func()) *eventStream {
	s := &eventStream{mustNotWait: mustNotWait}
	s.own = newSubscription(s, allKinds)
	return s
}

// subscribe adds a reader of certain events.
func (s *eventStream) subscribe(only kinds) *Subscription {
	r := newSubscription(s, only)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.closed = s.closed
	s.others = append(s.others, r)
	return r
}

func (s *eventStream) unsubscribe(r *Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.others, r); i >= 0 {
		s.others = slices.Delete(s.others, i, i+1)
	}
	r.abandon()
}

func (s *eventStream) emit(e Event) { s.push(entry{event: e, cost: lifeCost}) }

// emitFor adds an event that a worker can cause as often as it likes.
func (s *eventStream) emitFor(w *Worker, e Event, size int) {
	s.push(entry{event: e, worker: w, cost: size + eventCost})
}

// push gives an event to whom it concerns. A handle that comes with it is closed where nobody gets it.
func (s *eventStream) push(e entry) {
	closeHandle(s.distribute(e))
}

// distribute returns the handle that nobody has got.
func (s *eventStream) distribute(e entry) *handlewrap.Handle {
	s.mu.Lock()
	defer s.mu.Unlock()
	message, isMessage := e.event.(MessageEvent)
	if s.closed {
		return message.Message.Handle
	}
	if isMessage && s.isShared() {
		message.Message = message.Message.Shared()
		e.event = message
	}
	handle := message.Message.Handle
	if s.own.push(e) {
		handle = nil
	}
	if message.Message.Handle != nil {
		message.Message.Handle = nil
		e.event, e.cost = message, e.cost-handleCost
	}
	for _, r := range s.others {
		r.push(e)
	}
	return handle
}

// isShared reports whether messages have several readers.
func (s *eventStream) isShared() bool {
	return slices.ContainsFunc(s.others, func(r *Subscription) bool { return r.only&messageKind != 0 })
}

// close lets every reader take what waits for it. Messages with handles are dropped, and what Next has given last is closed: the
// handles would stay open if nobody took them.
func (s *eventStream) close() {
	s.mu.Lock()
	s.closed = true
	handles := s.own.dropHandles()
	for _, r := range append([]*Subscription{s.own}, s.others...) {
		r.end()
	}
	s.mu.Unlock()
	s.own.lent.close()
	for _, h := range handles {
		h.Close()
	}
}
