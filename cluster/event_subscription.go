package cluster

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// ErrClosed is what calls to a primary or a subscription that was closed return.
var ErrClosed = errors.New("closed")

// A Subscription is a reader of a primary's events. [Primary.Subscribe] makes it. Events wait for it in their order, from then
// on, whatever other readers take. Its methods may be called from any goroutine; every event goes to one call of Next.
type Subscription struct {
	stream  *eventStream
	only    kinds
	arrival chan struct{}
	lent    lentHandle

	// What follows is guarded by the stream's mu.
	queue []entry
	backlog
	closed   bool // nothing comes any more
	unwanted bool // nor is anything taken
}

func newSubscription(s *eventStream, only kinds) *Subscription {
	return &Subscription{stream: s, only: only, arrival: make(chan struct{}, 1), backlog: backlog{accounts: map[*Worker]*account{}}}
}

// Next waits for the next event. After [Primary.Close] it gives what is left and then returns ErrClosed, after
// [Subscription.Close] ErrClosed at once, and before that ctx's error when that ends first.
func (r *Subscription) Next(ctx context.Context) (event Event, err error) {
	r.lent.beginCall()
	defer func() { r.lent.endCall(handleOf(event)) }()
	return r.next(ctx)
}

func (r *Subscription) next(ctx context.Context) (Event, error) {
	for {
		event, ok, err := r.take()
		if ok || err != nil {
			return event, err
		}
		r.stream.mustNotWait()
		select {
		case <-r.arrival:
		case <-ctx.Done():
			return nil, fmt.Errorf("cluster: events: %w", context.Cause(ctx))
		}
	}
}

// KeepAll has the reader miss no event from now on, however long it takes none: a worker of which 16 MiB wait is held back until the reader
// takes some. It is for a reader that always comes back, as one that does not would hold workers back for ever.
func (r *Subscription) KeepAll() {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	r.keepsAll = true
}

// Events are all that Next gives until it fails.
func (r *Subscription) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			event, err := r.next(ctx)
			if err != nil || !yieldOnce(yield, event) {
				return
			}
		}
	}
}

// yieldOnce runs the loop's body for an event. What the body leaves of the event's handle is closed, however the body ends.
func yieldOnce(yield func(Event) bool, e Event) bool {
	defer closeHandle(handleOf(e))
	return yield(e)
}

// Close ends the subscription: what waits for it is dropped, and Next returns ErrClosed, also where it waits. It is safe to call
// twice.
func (r *Subscription) Close() { r.stream.unsubscribe(r) }

// take takes the first event that waits, or says why none will come.
func (r *Subscription) take() (e Event, ok bool, err error) {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	r.renew()
	switch {
	case len(r.queue) > 0:
		first := r.queue[0]
		r.queue[0] = entry{}
		r.queue = r.queue[1:]
		r.discharge(first)
		e, ok = first.event, true
	case r.unwanted:
		err = fmt.Errorf("cluster: events: the subscription is %w", ErrClosed)
	case r.closed:
		err = fmt.Errorf("cluster: events: the primary is %w", ErrClosed)
	}
	if len(r.queue) > 0 || r.closed {
		r.notify()
	}
	return e, ok, err
}

// The stream's mu is held in what follows.

// notify wakes one call that waits; that one wakes the next.
func (r *Subscription) notify() {
	select {
	case r.arrival <- struct{}{}:
	default:
	}
}

// push adds an event, and reports whether the reader gets it.
func (r *Subscription) push(e entry) bool {
	if r.only&e.event.kind() == 0 {
		return false
	}
	if a := r.overdrawn(e.worker); a != nil {
		if first, ok := r.miss(a); ok && r.only&errorKind != 0 {
			r.append(entry{event: first})
		}
		return false
	}
	r.append(e)
	r.charge(e)
	return true
}

func (r *Subscription) append(e entry) {
	r.queue = append(r.queue, e)
	r.notify()
}

// end lets the reader take what waits, and no more.
func (r *Subscription) end() {
	r.closed = true
	if r.looking {
		r.timer.Stop()
	}
	r.notify()
}

// abandon drops what waits.
func (r *Subscription) abandon() {
	for _, e := range r.queue {
		r.discharge(e)
	}
	r.queue, r.unwanted = nil, true
	r.end()
}

// dropHandles drops the messages that wait with handles, and returns these.
func (r *Subscription) dropHandles() (handles []*handlewrap.Handle) {
	kept := r.queue[:0]
	for _, e := range r.queue {
		if m, ok := e.event.(MessageEvent); ok && m.Message.Handle != nil {
			handles = append(handles, m.Message.Handle)
			r.discharge(e)
			continue
		}
		kept = append(kept, e)
	}
	clear(r.queue[len(kept):])
	r.queue = kept
	return handles
}
