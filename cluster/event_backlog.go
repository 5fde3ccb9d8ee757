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

// A reader that takes no event between so many looks is idle. They are counted, and the time between them is not
// measured, so that a process that was stopped for a while has the time that is left.
const (
	lookInterval = 100 * time.Millisecond
	maxIdleLooks = 10
)

// backlog is what waits for a reader, and whether the reader takes it.
type backlog struct {
	accounts map[*Worker]*account // nil is whose events no worker can cause at will
	cost     int
	looks    int // since the reader has taken an event
	timer    *time.Timer
	looking  bool
	missed   []*account // of whom events were dropped since the reader has taken one
	keepsAll bool       // the reader is never idle
}

// account is what the events cost that wait and that one worker has caused.
type account struct {
	worker *Worker
	cost   int
	holds  bool // the worker is held back for it
	missed bool // an event was dropped since the reader has taken one
}

// The stream's mu is held in what follows.

func (b *backlog) account(w *Worker) *account {
	a := b.accounts[w]
	if a == nil {
		a = &account{worker: w}
		b.accounts[w] = a
	}
	return a
}

// isIdle reports whether the reader takes no events, so that they are not kept for it however many wait.
func (b *backlog) isIdle() bool { return b.looks >= maxIdleLooks && !b.keepsAll }

// renew is called when the reader takes an event.
func (b *backlog) renew() {
	b.looks = 0
	for _, a := range b.missed {
		a.missed = false
	}
	b.missed = nil
}

// overdrawn is the account for which an idle reader gets no more of a worker, nil if it gets more.
func (b *backlog) overdrawn(w *Worker) *account {
	switch a := b.accounts[w]; {
	case !b.isIdle():
		return nil
	case a != nil && a.cost > maxWaiting:
		return a
	case w != nil && b.cost > maxWaitingInAll:
		return b.account(nil)
	}
	return nil
}

// miss notes that an event was dropped, and gives what tells of the first.
func (b *backlog) miss(a *account) (first ErrorEvent, isFirst bool) {
	if a.missed {
		return ErrorEvent{}, false
	}
	a.missed = true
	b.missed = append(b.missed, a)
	whose, cost := "", b.cost
	if a.worker != nil {
		whose, cost = fmt.Sprintf("worker %d: ", a.worker.id), a.cost
	}
	return ErrorEvent{a.worker, fmt.Errorf("cluster: %s%w, and %d bytes wait: go on to call Next to have them all", whose, ErrNotTaken, cost)}, true
}

// charge has a worker answer for an event that waits. A worker of which too much waits is held back, unless the reader is idle.
func (r *Subscription) charge(e entry) {
	a := r.account(e.worker)
	a.cost += e.cost
	r.cost += e.cost
	if r.isIdle() {
		return
	}
	if a.worker != nil && a.cost > maxWaiting && !a.holds {
		a.holds = true
		a.worker.hold()
	}
	if !r.keepsAll && (a.cost > maxWaiting || r.cost > maxWaitingInAll) {
		r.watch()
	}
}

// discharge is for an event that does not wait any more.
func (r *Subscription) discharge(e entry) {
	if e.cost == 0 {
		return
	}
	a := r.account(e.worker)
	a.cost -= e.cost
	r.cost -= e.cost
	if a.cost <= resumeWaiting {
		a.letGo()
	}
	if a.cost == 0 && !a.missed {
		delete(r.accounts, e.worker)
	}
}

// watch looks whether the reader takes events, for as long as too many wait.
func (r *Subscription) watch() {
	if !r.looking {
		r.looking = true
		r.timer = time.AfterFunc(lookInterval, r.look)
	}
}

// isLong reports whether too many events wait, or did so and are not few again.
func (b *backlog) isLong() bool {
	if b.cost > maxWaitingInAll {
		return true
	}
	for _, a := range b.accounts {
		if a.holds || a.cost > maxWaiting {
			return true
		}
	}
	return false
}

func (r *Subscription) look() {
	r.stream.mu.Lock()
	defer r.stream.mu.Unlock()
	r.looking = false
	if r.closed || !r.isLong() {
		return
	}
	if r.looks++; !r.isIdle() {
		r.watch()
		return
	}
	for _, a := range r.accounts {
		a.letGo()
	}
}

// letGo ends the hold of a worker, if it is held.
func (a *account) letGo() {
	if a.holds {
		a.holds = false
		a.worker.letGo()
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
