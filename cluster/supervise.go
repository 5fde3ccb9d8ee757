package cluster

import (
	"fmt"
	"sync"
	"time"
)

// startUp is how soon after the start of a pool a worker must fail, when none has listened yet, for the program to be
// taken for broken.
const startUp = 5 * time.Second

// slot is a place in a pool, which one worker after the other fills.
type slot struct {
	settings func() Settings
	worker   *Worker
	since    time.Time
	due      time.Time // when the successor is to start, if one is
	failures int       // in a row
	finished bool
}

// endings are the workers of which nothing is left and of which the supervisor has not heard yet.
type endings struct {
	mu      sync.Mutex
	workers []*Worker
	arrival chan struct{}
}

func (e *endings) add(w *Worker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.workers = append(e.workers, w)
	select {
	case e.arrival <- struct{}{}:
	default:
	}
}

func (e *endings) takeAll() []*Worker {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.workers
	e.workers = nil
	return all
}

// supervise fills the places of a pool until all are finished or it is told to stop.
func (p *Pool) supervise() {
	defer close(p.done)
	for !p.finished() {
		timer := time.NewTimer(p.untilDue())
		select {
		case <-p.stop:
			timer.Stop()
			return
		case <-p.ended.arrival:
			for _, w := range p.ended.takeAll() {
				p.workerEnded(w)
			}
		case <-timer.C:
			p.refill()
		}
		timer.Stop()
	}
}

// finished says whether there is nothing left to supervise.
func (p *Pool) finished() bool {
	running := false
	for _, s := range p.slots {
		running = running || !s.finished
	}
	return !running
}

func (p *Pool) untilDue() time.Duration {
	const long = time.Hour
	next := long
	for _, s := range p.slots {
		if !s.due.IsZero() {
			next = min(next, max(time.Until(s.due), 0))
		}
	}
	return next
}

// fill starts a worker for a place.
func (p *Pool) fill(s *slot) error {
	s.due = time.Time{}
	w, err := p.ForkWith(s.settings())
	if err != nil {
		return err
	}
	s.worker, s.since = w, time.Now()
	return nil
}

func (p *Pool) refill() {
	now := time.Now()
	for _, s := range p.slots {
		if s.due.IsZero() || s.due.After(now) {
			continue
		}
		if err := p.fill(s); err != nil {
			p.events.emit(ErrorEvent{Err: err})
			p.succeed(s)
		}
	}
}

func (p *Pool) workerEnded(w *Worker) {
	for _, s := range p.slots {
		if s.worker == w {
			p.slotEmptied(s, w)
			return
		}
	}
}

// slotEmptied decides on the successor of a worker that has ended.
func (p *Pool) slotEmptied(s *slot, w *Worker) {
	s.worker = nil
	failed := (w.status.Code != 0 || w.broken.Load()) && !w.ExitedAfterDisconnect()
	switch {
	case p.keep.Restart == RestartNever, p.keep.Restart == RestartOnFailure && !failed:
		s.finished = true
		if failed && p.err == nil {
			p.err = p.failure(w)
		}
	case failed && !p.listened.Load() && time.Since(p.began) < startUp:
		p.giveUp(p.failure(w))
	case failed && w.wasKilled():
		s.due = time.Now().Add(p.keep.MinPause)
	case failed:
		if time.Since(s.since) >= p.keep.Healthy {
			s.failures = 0
		}
		p.succeed(s)
	default:
		s.failures = 0
		s.due = time.Now().Add(p.keep.MinPause)
	}
}

// succeed plans a successor after a failure, later and later, or gives the place up.
func (p *Pool) succeed(s *slot) {
	s.failures++
	if s.failures > p.keep.MaxRestarts {
		s.finished = true
		p.err = fmt.Errorf("cluster: a worker failed %d times in a row and is not restarted any more", s.failures)
		p.events.emit(ErrorEvent{Err: p.err})
		return
	}
	pause := p.keep.MinPause
	for i := 1; i < s.failures && pause < p.keep.MaxPause; i++ {
		pause *= 2
	}
	s.due = time.Now().Add(min(pause, p.keep.MaxPause))
}

// giveUp ends a pool whose program cannot work.
func (p *Pool) giveUp(err error) {
	p.err = err
	for _, s := range p.slots {
		s.finished = true
	}
}

// failure says how a worker failed, and why where that is known.
func (p *Pool) failure(w *Worker) error {
	var listen error
	p.loop.Call(func() { listen = p.onLoop.listenErr })
	switch {
	case p.listened.Load():
		return fmt.Errorf("cluster: %s ended with %v", w.program, w.status)
	case listen != nil:
		return fmt.Errorf("cluster: %s ended with %v: %w", w.program, w.status, listen)
	}
	return fmt.Errorf("cluster: %s ended with %v before it listened; what it printed says why", w.program, w.status)
}
