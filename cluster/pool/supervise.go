package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

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
		p.doWhatIsDue()
	}
}

// nextEvent waits for what happens to a worker, but no longer than until something is due.
func (p *Pool) nextEvent(ctx context.Context) (cluster.Event, error) {
	if due := p.nextDue(); !due.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, due)
		defer cancel()
	}
	return p.own.Next(ctx)
}

// nextDue is when something is due in one of the places, zero if nothing is.
func (p *Pool) nextDue() (next time.Time) {
	for _, place := range p.places {
		if place.stage.hasDue() && (next.IsZero() || place.due.Before(next)) {
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

// doWhatIsDue starts workers, and ends those that go on without their channels.
func (p *Pool) doWhatIsDue() {
	now := time.Now()
	for _, place := range p.places {
		switch {
		case !place.isDue(now):
		case place.stage == disconnected:
			p.shutDownStray(place)
		default:
			p.refill(place)
		}
	}
}

// refill starts a worker, or plans another attempt.
func (p *Pool) refill(place *place) {
	if err := p.fill(place); err != nil {
		p.primary.EmitError(nil, err)
		p.succeedLater(place)
	}
}

// fill starts a worker for a place.
func (p *Pool) fill(place *place) error {
	w, err := p.primary.ForkWith(place.settings, p.workerEnv(place)...)
	if err != nil {
		return err
	}
	place.fillWith(w)
	return nil
}

// workerEnv are the variables of the next worker in a place. One that could not get the preload does without it.
func (p *Pool) workerEnv(place *place) []string {
	if p.options.NoDrain {
		return place.env
	}
	preload, err := p.preload.Env(place.settings)
	if err != nil {
		p.primary.EmitError(nil, fmt.Errorf("pool: workers that leave will not drain their connections: %w", err))
	}
	return slices.Concat(place.env, preload)
}

// hear takes what has happened to a worker.
func (p *Pool) hear(event cluster.Event) {
	switch e := event.(type) {
	case cluster.ListeningEvent:
		p.works = true
	case cluster.ListenErrorEvent:
		if place := p.placeOf(e.Worker); place != nil {
			place.listenErr = e.Err
		}
	case cluster.DisconnectEvent:
		if place := p.placeOf(e.Worker); place != nil {
			place.broken = e.Err != nil
			place.due = time.Now().Add(p.options.KillTimeout) // unless it ends by itself
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

// shutDownStray ends a worker that has lost its channel, or closed it, and goes on. It does not wait.
func (p *Pool) shutDownStray(place *place) {
	w := place.worker
	place.make(outstay)
	if !w.ExitedAfterDisconnect() {
		place.ended = true
		p.primary.EmitError(w, fmt.Errorf("pool: worker %d goes on without its channel and is ended", w.ID()))
	}
	p.endings.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), p.options.KillTimeout)
		defer cancel()
		w.Shutdown(ctx)
	})
}
