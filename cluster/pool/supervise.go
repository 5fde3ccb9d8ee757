package pool

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// startUp is how soon after the start of a pool a worker must fail, when none has listened yet, for the program to be
// taken for broken.
const startUp = 5 * time.Second

// supervise fills the places of a pool until all are finished or it is told to stop.
func (p *Pool) supervise(ctx context.Context) {
	defer close(p.done)
	defer p.own.Close()
	for !p.isFinished() {
		event, err := p.nextEvent(ctx)
		switch {
		case err == nil:
			p.hear(event)
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return
		}
		p.refill()
	}
}

// nextEvent waits for what happens to a worker, but no longer than until one is to be started.
func (p *Pool) nextEvent(ctx context.Context) (cluster.Event, error) {
	if due := p.nextDue(); !due.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, due)
		defer cancel()
	}
	return p.own.Next(ctx)
}

// nextDue is when the next worker is to be started, zero if none is.
func (p *Pool) nextDue() (next time.Time) {
	for _, place := range p.places {
		if place.stage == vacant && (next.IsZero() || place.due.Before(next)) {
			next = place.due
		}
	}
	return next
}

// isFinished reports whether there is nothing left to supervise.
func (p *Pool) isFinished() bool {
	for _, place := range p.places {
		if place.stage != finished {
			return false
		}
	}
	return true
}

// refill starts the workers that are due.
func (p *Pool) refill() {
	now := time.Now()
	for _, place := range p.places {
		if !place.isDue(now) {
			continue
		}
		if err := p.fill(place); err != nil {
			p.primary.EmitError(nil, err)
			p.succeedLater(place)
		}
	}
}

// fill starts a worker for a place.
func (p *Pool) fill(place *place) error {
	w, err := p.primary.ForkWith(place.settings)
	if err != nil {
		return err
	}
	place.fillWith(w)
	return nil
}

// hear takes what has happened to a worker.
func (p *Pool) hear(event cluster.Event) {
	switch e := event.(type) {
	case cluster.ListeningEvent:
		p.listened = true
	case cluster.ListenErrorEvent:
		if place := p.placeOf(e.Worker); place != nil {
			place.listenErr = e.Err
		}
	case cluster.DisconnectEvent:
		if place := p.placeOf(e.Worker); place != nil {
			place.broken = e.Err != nil
			p.end(place, disconnect)
		}
	case cluster.ExitEvent:
		if place := p.placeOf(e.Worker); place != nil {
			p.end(place, exit)
		}
	}
}

func (p *Pool) placeOf(w *cluster.Worker) *place {
	for _, place := range p.places {
		if place.worker == w {
			return place
		}
	}
	return nil
}

// end is for one half of a worker's end. With the other the place is empty.
func (p *Pool) end(place *place, m move) {
	if place.make(m); place.stage == emptied {
		p.succeed(place)
	}
}

// succeed decides on the successor of a worker of which nothing is left.
func (p *Pool) succeed(place *place) {
	w := place.worker
	place.worker = nil
	failed := (w.ExitStatus().Code != 0 || place.broken) && !w.ExitedAfterDisconnect()
	switch {
	case p.options.Restart == RestartNever, p.options.Restart == RestartOnFailure && !failed:
		place.make(finish)
		if failed && p.err == nil {
			p.err = p.failure(place, w)
		}
	case failed && !p.listened && time.Since(p.began) < startUp:
		p.giveUp(p.failure(place, w))
	case failed && !wasKilled(w):
		if time.Since(place.since) >= p.options.Healthy {
			place.failures = 0
		}
		p.succeedLater(place)
	case failed:
		place.awaitSuccessor(p.options.MinPause)
	default:
		place.failures = 0
		place.awaitSuccessor(p.options.MinPause)
	}
}

// succeedLater plans a successor after a failure, later and later, or gives the place up.
func (p *Pool) succeedLater(place *place) {
	place.failures++
	if place.failures > p.options.MaxRestarts {
		place.make(finish)
		p.err = fmt.Errorf("pool: a worker failed %d times in a row and is not restarted any more", place.failures)
		p.primary.EmitError(nil, p.err)
		return
	}
	pause := p.options.MinPause
	for i := 1; i < place.failures && pause < p.options.MaxPause; i++ {
		pause *= 2
	}
	place.awaitSuccessor(min(pause, p.options.MaxPause))
}

// giveUp ends a pool whose program cannot work.
func (p *Pool) giveUp(err error) {
	p.err = err
	for _, place := range p.places {
		place.make(finish)
	}
}

// failure says how a worker failed, and why where that is known.
func (p *Pool) failure(place *place, w *cluster.Worker) error {
	program, status := place.program(), w.ExitStatus()
	switch {
	case p.listened:
		return fmt.Errorf("pool: %s ended with %v", program, status)
	case place.listenErr != nil:
		return fmt.Errorf("pool: %s ended with %v: %w", program, status, place.listenErr)
	}
	return fmt.Errorf("pool: %s ended with %v before it listened; what it printed says why", program, status)
}

// wasKilled reports whether a worker that had come to listen was ended from outside, which says nothing against the
// program: signals that a program's own faults raise are others.
func wasKilled(w *cluster.Worker) bool {
	switch w.ExitStatus().Signal {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		select {
		case <-w.Listening():
			return true
		default:
		}
	}
	return false
}
