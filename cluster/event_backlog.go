package cluster

import (
	"errors"
	"fmt"
	"time"
)

// ErrNotTaken is in the ErrorEvent of a reader of events that has missed some: too many waited, and it took none for a second.
var ErrNotTaken = errors.New("events are dropped that nobody takes")

// Bounds on what may wait for a reader of events.
const (
	maxWaiting      = 16 << 20 // of one worker; then its channel is not read until the reader takes some
	resumeWaiting   = maxWaiting / 2
	maxWaitingInAll = 4 * maxWaiting // of all workers, for a reader that takes none

	eventCost  = 512
	lifeCost   = 2 << 10  // a worker's end stays in memory with what tells of it
	handleCost = 64 << 10 // a process has fewer descriptors than memory
)

// A reader that takes no event between so many looks does not listen. They are counted, and the time between them is not
// measured, so that a process that was stopped for a while has the time that is left.
const (
	lookInterval = 100 * time.Millisecond
	maxIdleLooks = 10
)

// backlog is what waits for a reader, and whether the reader listens.
type backlog struct {
	waiting map[*Worker]*waiting // nil is whose events no worker can cause at will
	cost    int
	idle    int // looks since the reader has taken an event
	timer   *time.Timer
	looking bool
	missed  []*waiting // those of whom events were dropped since the reader has taken one
}

// waiting is what the events cost that one worker has caused.
type waiting struct {
	worker *Worker
	cost   int
	holds  bool // the worker is held back for it
	missed bool
}

// The stream's mu is held in what follows.

func (b *backlog) of(w *Worker) *waiting {
	of := b.waiting[w]
	if of == nil {
		of = &waiting{worker: w}
		b.waiting[w] = of
	}
	return of
}

// listens reports whether events are to be kept for the reader, however many wait.
func (b *backlog) listens() bool { return b.idle < maxIdleLooks }

// renew is called when the reader takes an event.
func (b *backlog) renew() {
	b.idle = 0
	for _, of := range b.missed {
		of.missed = false
	}
	b.missed = nil
}

// full is what there is too much of for a reader that does not listen to get more of a worker, nil if it gets that.
func (b *backlog) full(w *Worker) *waiting {
	switch of := b.waiting[w]; {
	case b.listens():
		return nil
	case of != nil && of.cost > maxWaiting:
		return of
	case w != nil && b.cost > maxWaitingInAll:
		return b.of(nil)
	}
	return nil
}

// miss notes that an event was dropped, and gives what tells of the first.
func (b *backlog) miss(of *waiting) (first ErrorEvent, isFirst bool) {
	if of.missed {
		return ErrorEvent{}, false
	}
	of.missed = true
	b.missed = append(b.missed, of)
	whose, cost := "", b.cost
	if of.worker != nil {
		whose, cost = fmt.Sprintf("worker %d: ", of.worker.id), of.cost
	}
	return ErrorEvent{of.worker, fmt.Errorf("cluster: %s%w, and %d bytes wait: go on to call Next to have them all", whose, ErrNotTaken, cost)}, true
}

// charge has a worker answer for an event that waits. A worker of which too much waits is held back for a reader that listens.
func (r *Subscription) charge(e entry) {
	of := r.of(e.worker)
	of.cost += e.cost
	r.cost += e.cost
	if !r.listens() {
		return
	}
	if of.worker != nil && of.cost > maxWaiting && !of.holds {
		of.holds = true
		of.worker.hold()
	}
	if of.cost > maxWaiting || r.cost > maxWaitingInAll {
		r.watch()
	}
}

// discharge is for an event that does not wait any more.
func (r *Subscription) discharge(e entry) {
	if e.cost == 0 {
		return
	}
	of := r.of(e.worker)
	of.cost -= e.cost
	r.cost -= e.cost
	if of.cost <= resumeWaiting {
		of.letGo()
	}
	if of.cost == 0 && !of.missed {
		delete(r.waiting, e.worker)
	}
}

// watch looks whether the reader takes events, for as long as too many wait.
func (r *Subscription) watch() {
	if !r.looking {
		r.looking = true
		r.timer = time.AfterFunc(lookInterval, r.look)
	}
}

// crowded reports whether too many events wait, or did so and are not few again.
func (b *backlog) crowded() bool {
	if b.cost > maxWaitingInAll {
		return true
	}
	for _, of := range b.waiting {
		if of.holds || of.cost > maxWaiting {
			return true
		}
	}
	return false
}

func (r *Subscription) look() {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	r.looking = false
	if r.closed || !r.crowded() {
		return
	}
	if r.idle++; r.listens() {
		r.watch()
		return
	}
	for _, of := range r.waiting {
		of.letGo()
	}
}

// letGo ends the hold of a worker, if it is held.
func (of *waiting) letGo() {
	if of.holds {
		of.holds = false
		of.worker.letGo()
	}
}

// hold stops reading a worker's channel, for one more reader.
func (w *Worker) hold() {
	if w.holds++; w.holds == 1 {
		w.child.Pause()
	}
}

// letGo ends a hold. The channel is read again when none is left.
func (w *Worker) letGo() {
	if w.holds--; w.holds == 0 {
		w.child.Resume()
	}
}
