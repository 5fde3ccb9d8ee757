package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// supervise fills the places of a pool until all are finished or it is told to stop.
func (p *Pool) supervise(ctx context.Context) {
	defer close(p.done)
	ctx, halt := context.WithCancel(ctx)
	events := make(chan cluster.Event)
	var forwarding sync.WaitGroup
	forwarding.Go(func() { p.forward(ctx, events) })
	defer forwarding.Wait()
	defer halt()
	defer p.own.Close()
	for !p.isFinished() && p.takeNext(ctx, events) {
		p.doWhatIsDue()
	}
	for w := range p.blocked {
		p.keepBlocked(w)
	}
	if p.isFinished() {
		for _, left := range p.dismissSpares() {
			<-left
		}
	}
}

// forward passes on what happens to the workers, until nothing does any more.
func (p *Pool) forward(ctx context.Context, events chan<- cluster.Event) {
	defer close(events)
	for event := range p.own.Events(ctx) {
		select {
		case events <- event:
		case <-ctx.Done():
			return
		}
	}
}

// takeNext takes the next thing that happens, or that is asked of the supervisor, or waits until something is due. It reports whether
// anything can come after.
func (p *Pool) takeNext(ctx context.Context, events <-chan cluster.Event) bool {
	var due <-chan time.Time
	if next := p.nextDue(); !next.IsZero() {
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case event, ok := <-events:
		if !ok {
			return false
		}
		p.hear(event)
	case do := <-p.asks:
		do()
	case <-due:
	case <-ctx.Done():
		return false
	}
	return true
}

// ask has the supervisor do something, and waits until it has. It is for other goroutines. Its error is why it has not been done.
func (p *Pool) ask(ctx context.Context, do func()) error {
	p.mu.Lock()
	started := p.started
	p.mu.Unlock()
	if !started {
		return errors.New("the pool has not started")
	}
	did := make(chan struct{})
	select {
	case p.asks <- func() { defer close(did); do() }:
		<-did
		return nil
	case <-p.done:
		return p.closedError()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Pool) closedError() error { return fmt.Errorf("the pool is %w", cluster.ErrClosed) }

// nextDue is when something is due in one of the places, zero if nothing is.
func (p *Pool) nextDue() (next time.Time) {
	sooner := func(due time.Time) {
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	for _, place := range p.places {
		if place.stage.hasDue() {
			sooner(place.due)
		}
		if place.hasTrialDue() {
			sooner(p.dueTrial(place))
		}
	}
	if due := p.nextSpareDue(); !due.IsZero() {
		sooner(due)
	}
	return next
}

// isFinished reports whether there is nothing left to supervise.
func (p *Pool) isFinished() bool {
	for _, place := range p.places {
		if place.stage != finished || place.trial != nil {
			return false
		}
	}
	return true
}

// doWhatIsDue starts workers, ends those that go on without their channels, and decides on successors that are tried.
func (p *Pool) doWhatIsDue() {
	now := time.Now()
	for _, place := range slices.Clone(p.places) {
		p.promoteIfReady(place)
		p.doDueTrial(place, now)
		switch {
		case !place.isDue(now):
		case place.stage == disconnected:
			p.shutDownStray(place)
		default:
			p.refill(place)
		}
	}
	p.doDueSpares(now)
}

// refill starts a worker, or plans another attempt.
func (p *Pool) refill(place *place) {
	if err := p.fill(place); err != nil {
		place.lastFailure = err
		p.primary.EmitError(nil, err)
		p.succeedLater(place)
	}
}

// fill starts a worker for a place.
func (p *Pool) fill(place *place) error {
	w, _, err := p.fork(place, nil, place.settings)
	if err != nil {
		return err
	}
	place.fillWith(w)
	return nil
}

// fork starts a worker for a place, and before, if it is not nil, is the worker that goes on there meanwhile. What takes its output is nil
// unless the options give each worker something of its own.
func (p *Pool) fork(place *place, before *cluster.Worker, settings cluster.Settings) (*cluster.Worker, Output, error) {
	settings.StartSuspended = p.options.Readiness != nil || p.options.Startup != nil
	out, err := p.connectOutput(place, &settings)
	if err != nil {
		return nil, nil, err
	}
	w, err := p.primary.ForkSuccessor(before, withHeap(settings, p.Sizing().MaxOldSpaceSize), p.workerEnv(place, settings)...)
	if out != nil {
		out.Forked(w)
	}
	if err != nil {
		return nil, nil, err
	}
	offerToOOMKiller(w.Pid())
	return w, out, nil
}

// workerEnv are the variables of the next worker in a place, with settings. One that could not get the preload does without it.
func (p *Pool) workerEnv(place *place, settings cluster.Settings) []string {
	env := slices.Concat(place.env, p.options.incremented(place.number, &settings))
	if p.options.NoDrain {
		return env
	}
	preload, err := p.preload.Env(settings)
	if err != nil {
		p.primary.EmitError(nil, fmt.Errorf("pool: workers that leave will not drain their connections: %w", err))
	}
	return slices.Concat(env, preload)
}

// hear takes what has happened to a worker.
func (p *Pool) hear(event cluster.Event) {
	switch e := event.(type) {
	case cluster.OnlineEvent:
		if t := p.tenantOf(e.Worker); t != nil {
			t.online = true
		}
		p.beginChecks(e.Worker, nil)
		p.promoteReady()
	case cluster.ListeningEvent:
		p.works = true
		if t := p.tenantOf(e.Worker); t != nil {
			t.hasListened(e.Address)
		}
		if p.spareOf(e.Worker) != nil {
			p.spares.failures = 0
		}
		p.beginChecks(e.Worker, &e.Address)
		p.promoteReady()
	case cluster.ListenPendingEvent:
		p.listensLater(e)
	case cluster.ListenErrorEvent:
		if t := p.tenantOf(e.Worker); t != nil {
			t.listenErr = e.Err
		}
	case cluster.BlockedEvent:
		p.hearBlocked(e)
	case cluster.UnblockedEvent:
		p.hearUnblocked(e.Worker)
	case cluster.DisconnectEvent:
		p.keepBlocked(e.Worker)
		if place := p.triedIn(e.Worker); place != nil {
			p.loseTrial(place)
		}
		if spare := p.spareOf(e.Worker); spare != nil {
			p.endSpare(spare)
		}
		if place := p.placeOf(e.Worker); place != nil {
			place.broken = e.Err != nil
			place.due = time.Now().Add(p.options.KillTimeout) // unless it ends by itself
			p.end(place, disconnect)
		}
	case cluster.ExitEvent:
		if place := p.triedIn(e.Worker); place != nil {
			p.trialExited(place)
		}
		if spare := p.spareOf(e.Worker); spare != nil {
			p.spareExited(spare)
		}
		if place := p.placeOf(e.Worker); place != nil {
			p.end(place, exit)
		}
	}
}

// placeOf is the place that a worker fills, nil if it fills none.
func (p *Pool) placeOf(w *cluster.Worker) *place {
	for _, place := range p.places {
		if place.worker == w {
			return place
		}
	}
	return nil
}

// triedIn is the place in which a worker is tried, nil if it is in none.
func (p *Pool) triedIn(w *cluster.Worker) *place {
	for _, place := range p.places {
		if place.trial != nil && place.trial.worker == w {
			return place
		}
	}
	return nil
}

// tenantOf is what is known of a worker that fills a place, is tried in one or is a spare, nil of others.
func (p *Pool) tenantOf(w *cluster.Worker) *tenant {
	if place := p.placeOf(w); place != nil {
		return &place.tenant
	}
	if place := p.triedIn(w); place != nil {
		return &place.trial.tenant
	}
	if spare := p.spareOf(w); spare != nil {
		return &spare.tenant
	}
	return nil
}

// promoteReady has all successors that are ready go on.
func (p *Pool) promoteReady() {
	for _, place := range slices.Clone(p.places) {
		p.promoteIfReady(place)
	}
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
