package pool

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// trial is a successor that was started beside the worker of a place. It gets the place once it is ready and has stayed well.
type trial struct {
	tenant
	settings cluster.Settings
	change   *change
	due      time.Time // when it is too late to be ready, or has stayed well
	lost     bool      // its channel has ended, and its process is about to
	pinged   bool      // it has done all else, and is to read a message
	moved    bool      // it has read it
	output   Output    // nil if the options give none
	printed  *printed  // nil if the pool does not see it, or need not
}

// try starts a successor in a place for a change, with its settings.
func (p *Pool) try(c *change, t task) {
	place, settings := t.place, t.settings
	settings.Standby = c.switches
	printed := p.keepPrinted(&settings)
	w, out, err := p.fork(place, place.worker, settings)
	if err != nil {
		c.trials--
		p.trialFailed(c, place, err, nil)
		return
	}
	place.make(try)
	place.trial = &trial{
		tenant: newTenant(w), settings: t.settings, change: c, output: out, printed: printed,
		due: time.Now().Add(c.options.ListenTimeout),
	}
	p.tell(c.progress(SuccessorStarted, place.number, w, nil))
	p.promoteIfReady(place)
}

// waitsFor is what the place's successor is to do before it is ready, as words, and "" if it is ready.
func (p *Pool) waitsFor(place *place) string {
	t := place.trial
	missing := p.missesStart(place)
	if missing == "" {
		missing = p.missesCheck(&t.tenant)
	}
	// Of a program of another kind it is not known whether it passes over a message that means nothing.
	if missing == "" && t.online && !t.moved && t.worker.Runtime() != "" {
		p.awaitMove(t)
		return "go on (its event loop stands still)"
	}
	return missing
}

// missesStart is what the place's successor is to do before it has started, as words, and "" if it has.
func (p *Pool) missesStart(place *place) string {
	t := place.trial
	switch {
	case t.change.options.WaitReady && t.sentReady:
		return ""
	case t.change.options.WaitReady:
		return `send "ready"`
	case !t.online && p.expectsOnline(place):
		return "come online"
	}
	expected := p.expects(place)
	if t.change.options.OtherAddresses {
		expected.servers = nil
	}
	return expected.missing(t.listens)
}

// awaitMove has it known when the event loop of a successor moves that is ready but for that: what it has done so far says nothing of now.
func (p *Pool) awaitMove(t *trial) {
	if t.pinged {
		return
	}
	t.pinged = true
	p.endings.Go(func() {
		if _, err := t.worker.Ping(context.Background()); err == nil || errors.Is(err, errors.ErrUnsupported) {
			p.ask(context.Background(), func() {
				t.moved = true
				p.promoteReady()
			})
		}
	})
}

// expectsOnline reports whether workers like the one in the place say that they run, as Node's do. A worker that has not said it for a
// while does not.
func (p *Pool) expectsOnline(place *place) bool {
	since := p.firstSilent(place)
	return since.IsZero() || time.Since(since) < startUp
}

// firstSilent is when the oldest of the workers like the one in the place was started that have not said that they run, zero if all have.
func (p *Pool) firstSilent(place *place) (since time.Time) {
	for _, other := range p.places {
		isSilent := other.program == place.program && other.worker != nil && !other.online
		if isSilent && (since.IsZero() || other.since.Before(since)) {
			since = other.since
		}
	}
	return since
}

// dueTrial is when something is to be decided about the successor in a place.
func (p *Pool) dueTrial(place *place) time.Time {
	t := place.trial
	since := p.firstSilent(place)
	if until := since.Add(startUp); place.next == starting && !t.online && !since.IsZero() && until.Before(t.due) && time.Now().Before(until) {
		return until
	}
	return t.due
}

// promoteIfReady has a successor go on to the next stage of its trial, if there is one in the place that is ready.
func (p *Pool) promoteIfReady(place *place) {
	t := place.trial
	if t == nil || t.lost || place.next != starting || p.waitsFor(place) != "" {
		return
	}
	place.make(ready)
	t.boot = time.Since(t.since)
	t.due = time.Now().Add(t.change.bake())
	p.tell(t.change.progress(SuccessorReady, place.number, t.worker, nil))
	if t.change.bake() <= 0 {
		p.pass(place)
	}
}

// promote gives the place to the successor, and has the worker before it leave.
func (p *Pool) promote(place *place) {
	t, old := place.trial, place.last
	before := task{place, place.settings}
	place.make(promote)
	place.trial = nil
	t.printed.close()
	place.seat(t.tenant)
	place.settings, place.failures, place.failed = t.settings, 0, false
	if old != nil {
		old.ReleaseListeners()
		if m := before.settings.StopMethod; m == "" || m == cluster.StopDisconnect {
			old.Disconnect() // before anybody is told: what comes from then on is the successor's
		}
		t.change.leaving = append(t.change.leaving, p.retire(old))
	}
	p.tell(t.change.progress(Replaced, place.number, t.worker, nil))
	p.trialSucceeded(t.change, before)
}

// retire has a worker leave that has no place any more. What it returns is closed when its process has ended.
func (p *Pool) retire(w *cluster.Worker) <-chan struct{} {
	if !w.IsDead() {
		p.endings.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), p.options.KillTimeout)
			defer cancel()
			asked := time.Now()
			w.Shutdown(ctx)
			p.leaveTime.Store(int64(time.Since(asked)))
		})
	}
	return w.Exited()
}

// dropTrial ends the trial of a place's successor, which leaves.
func (p *Pool) dropTrial(place *place) {
	w, c := place.trial.worker, place.trial.change
	place.trial.printed.close()
	if place.next != standingBy {
		c.trials--
	}
	place.make(drop)
	place.trial = nil
	w.ReleaseListeners()
	c.leaving = append(c.leaving, p.retire(w))
}

// lastLines are the last lines that the successor has printed, as far as they are kept.
func (t *trial) lastLines() []string {
	if t.output != nil {
		return t.output.LastLines()
	}
	return t.printed.lines()
}

// endTrial ends the trial of a place's successor that has failed.
func (p *Pool) endTrial(place *place, err error) {
	c, output := place.trial.change, place.trial.lastLines()
	p.dropTrial(place)
	p.trialFailed(c, place, err, output)
}

// doDueTrial does what is due in a trial by now.
func (p *Pool) doDueTrial(place *place, now time.Time) {
	t := place.trial
	switch {
	case t == nil || !place.hasTrialDue() || t.due.After(now):
	case t.lost:
		p.endTrial(place, fmt.Errorf("the new worker %d has closed its channel", t.worker.ID()))
	case place.next == proving:
		p.pass(place)
	default:
		p.endTrial(place, fmt.Errorf("the new worker %d did not %s within %v", t.worker.ID(), p.waitsFor(place), t.change.options.ListenTimeout))
	}
}

// hasTrialDue reports whether something is to be done to the place's successor when its trial is due.
func (p *place) hasTrialDue() bool { return p.trial != nil && (p.trial.lost || p.next != standingBy) }

// loseTrial is for a successor whose channel has ended. Its process most often ends too, and says more.
func (p *Pool) loseTrial(place *place) {
	t := place.trial
	t.lost, t.due = true, time.Now().Add(p.options.KillTimeout)
}

// trialExited is for a successor whose process has ended.
func (p *Pool) trialExited(place *place) {
	t := place.trial
	when := "before it was ready"
	if place.next != starting {
		when = fmt.Sprintf("%v after it was started", time.Since(t.since).Round(time.Millisecond))
	}
	if t.output == nil && t.printed == nil {
		when += "; what it printed says why"
	}
	err := fmt.Errorf("the new worker %d (%s) ended with %v %s", t.worker.ID(), programOf(&t.settings), t.worker.ExitStatus(), when)
	if t.listenErr != nil {
		err = fmt.Errorf("%w: %w", err, t.listenErr)
	}
	p.endTrial(place, err)
}
