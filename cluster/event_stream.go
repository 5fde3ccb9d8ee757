package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// ErrClosed is returned by calls to a primary that was closed.
var ErrClosed = errors.New("the primary is closed")

// Bounds on what a worker may have waiting in the stream of events before its channel is no longer read.
const (
	maxWaiting    = 16 << 20
	eventCost     = 512
	handleCost    = 64 << 10 // a process has fewer descriptors than memory
	resumeWaiting = maxWaiting / 2
)

// stream keeps the events in their order until somebody takes them.
type eventStream struct {
	mustNotWait func() // panics where to wait for an event would be to wait for ever

	mu      sync.Mutex
	events  []entry
	closed  bool
	arrival chan struct{}
}

// entry is an event with what it costs the worker that caused it.
type entry struct {
	event  Event
	worker *Worker
	cost   int
}

func newEventStream(mustNotWait func()) *eventStream {
	return &eventStream{mustNotWait: mustNotWait, arrival: make(chan struct{}, 1)}
}

func (s *eventStream) emit(e Event) { s.push(entry{event: e}) }

// emitFor adds an event that a worker can cause as often as it likes.
func (s *eventStream) emitFor(w *Worker, e Event, size int) {
	s.push(entry{event: e, worker: w, cost: size + eventCost})
	w.waiting.add(size + eventCost)
}

func (s *eventStream) push(e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		e.discard()
		return
	}
	s.events = append(s.events, e)
	s.notify()
}

func (s *eventStream) notify() {
	select {
	case s.arrival <- struct{}{}:
	default:
	}
}

func (s *eventStream) take() (e Event, ok, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) == 0 {
		if s.closed {
			s.notify()
		}
		return nil, false, s.closed
	}
	first := s.events[0]
	s.events[0] = entry{}
	s.events = s.events[1:]
	if len(s.events) > 0 || s.closed {
		s.notify()
	}
	if first.worker != nil {
		first.worker.waiting.add(-first.cost)
	}
	return first.event, true, false
}

func (s *eventStream) next(ctx context.Context) (Event, error) {
	for {
		event, ok, closed := s.take()
		switch {
		case ok:
			return event, nil
		case closed:
			return nil, fmt.Errorf("cluster: events: %w", ErrClosed)
		}
		s.mustNotWait()
		select {
		case <-s.arrival:
		case <-ctx.Done():
			return nil, fmt.Errorf("cluster: events: %w", context.Cause(ctx))
		}
	}
}

// close lets what is there be taken still, but for messages with handles, which would stay open if nobody does.
func (s *eventStream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	kept := s.events[:0]
	for _, e := range s.events {
		if !e.discard() {
			kept = append(kept, e)
		}
	}
	clear(s.events[len(kept):])
	s.events = kept
	s.notify()
}

// discard closes the handle that comes with an event, and reports whether there is one.
func (e entry) discard() bool {
	m, ok := e.event.(MessageEvent)
	if !ok || m.Message.Handle == nil {
		return false
	}
	m.Message.Handle.Close()
	return true
}

// waiting is what a worker's events that nobody has taken yet cost. It pauses the worker when that is too much.
type waiting struct {
	mu     sync.Mutex
	cost   int
	paused bool
	pause  func(bool)
}

func (w *waiting) add(cost int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cost += cost
	switch {
	case !w.paused && w.cost > maxWaiting:
		w.paused = true
		w.pause(true)
	case w.paused && w.cost <= resumeWaiting:
		w.paused = false
		w.pause(false)
	}
}
