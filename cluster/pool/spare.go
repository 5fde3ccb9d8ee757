package pool

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// spares are workers of the pool's own settings on standby. Each fills a place of its own that is none of the pool's: when a worker ends,
// its place gets the worker, and the number, of one of these.
type spares struct {
	all      []*place
	due      time.Time // before which none is started
	failures int       // in a row
}

// wantSpare reports whether another spare is to be started, at once or when it is due. One is started at a time, beside no change of the
// pool, and only if the program listens: what else a program does, it does on standby too. A worker that is to fill a place comes before
// it, and inherits what is held open for that.
func (p *Pool) wantSpare() bool {
	s := &p.spares
	if len(s.all) >= p.options.Spare || p.change != nil || s.failures > p.options.MaxRestarts || slices.ContainsFunc(s.all, isLoading) {
		return false
	}
	listens := false
	for _, place := range p.places {
		if place.program == 0 && place.stage != filled && place.stage != finished {
			return false
		}
		listens = listens || place.program == 0 && len(place.known()) > 0
	}
	return listens
}

// isLoading reports whether a spare has not listened yet.
func isLoading(spare *place) bool { return len(spare.listens) == 0 }

// nextSpareDue is when something is to be done about spares, zero if nothing is.
func (p *Pool) nextSpareDue() time.Time {
	for _, spare := range p.spares.all {
		if spare.stage == filled && isLoading(spare) {
			return spare.due
		}
	}
	if p.wantSpare() {
		return p.spares.due
	}
	return time.Time{}
}

// doDueSpares starts a spare, and ends one that does not listen in time.
func (p *Pool) doDueSpares(now time.Time) {
	for _, spare := range p.spares.all {
		if spare.stage == filled && isLoading(spare) && !spare.due.After(now) {
			p.primary.EmitError(spare.worker, fmt.Errorf("pool: the spare worker %d did not listen within %v and is ended", spare.worker.ID(), p.options.Reload.ListenTimeout))
			p.endSpare(spare)
		}
	}
	if p.wantSpare() && !p.spares.due.After(now) {
		p.startSpare(now)
	}
}

func (p *Pool) startSpare(now time.Time) {
	spare := p.newPlace(p.freeNumber(), 0, p.settings[0])
	settings := spare.settings
	settings.Standby = true
	w, _, err := p.fork(spare, nil, settings)
	if err != nil {
		p.primary.EmitError(nil, fmt.Errorf("pool: start a spare worker: %w", err))
		p.spareFailed()
		return
	}
	spare.fillWith(w)
	spare.due = now.Add(p.options.Reload.ListenTimeout)
	p.spares.all = append(p.spares.all, spare)
}

// spareFailed has the next spare come later and later, or not at all.
func (p *Pool) spareFailed() {
	s := &p.spares
	s.failures++
	s.due = time.Now().Add(p.options.pause(s.failures))
	if s.failures > p.options.MaxRestarts {
		p.primary.EmitError(nil, fmt.Errorf("pool: spare workers failed %d times in a row, and no more are started", s.failures))
	}
}

// spareOf is the place of a worker that is a spare, nil if it is none.
func (p *Pool) spareOf(w *cluster.Worker) *place {
	for _, spare := range p.spares.all {
		if spare.worker == w {
			return spare
		}
	}
	return nil
}

// spareExited is for a spare whose process has ended.
func (p *Pool) spareExited(spare *place) {
	p.spares.all = slices.DeleteFunc(p.spares.all, func(other *place) bool { return other == spare })
	spare.releaseListeners()
	if p.outcomeOf(spare) == killed {
		p.spares.due = time.Now().Add(p.options.MinPause)
		return
	}
	p.primary.EmitError(spare.worker, errors.Join(
		fmt.Errorf("pool: the spare worker %d ended with %v", spare.worker.ID(), spare.worker.ExitStatus()), spare.listenErr))
	p.spareFailed()
}

// endSpare has a spare leave. It has failed when it has ended.
func (p *Pool) endSpare(spare *place) <-chan struct{} {
	spare.stage = ending
	return p.retire(spare.worker)
}

// dismissSpares has all spares leave, which others follow. What it returns are closed when they have ended.
func (p *Pool) dismissSpares() (left []<-chan struct{}) {
	for _, spare := range p.spares.all {
		spare.releaseListeners()
		left = append(left, p.endSpare(spare))
	}
	p.spares = spares{}
	return left
}

// takeSpare has a spare fill a place whose worker has ended, and reports whether one does. The next spare comes after a pause.
func (p *Pool) takeSpare(empty *place, pause time.Duration) bool {
	i := slices.IndexFunc(p.spares.all, func(spare *place) bool { return p.fits(spare, empty) })
	if i < 0 {
		return false
	}
	spare, before := p.spares.all[i], empty.last
	p.spares.all = slices.Delete(p.spares.all, i, i+1)
	empty.number, empty.env = spare.number, spare.env
	empty.make(await)
	empty.make(fill)
	empty.seat(spare.tenant)
	empty.since = time.Now()
	spare.worker.Activate()
	p.beginAllChecks(&empty.tenant)
	before.ReleaseListeners()
	p.spares.due = time.Now().Add(pause)
	p.tell(Progress{Change: "spare", Reason: fmt.Sprintf("worker %d has ended", before.ID()), Step: Replaced, Instance: empty.number, Worker: spare.worker})
	return true
}

// fits reports whether a spare can fill a place. While a successor is tried there, or has the place of a change that is under way, it
// cannot: it may be of another release.
func (p *Pool) fits(spare, place *place) bool {
	changes := place.trial != nil || p.change != nil && p.change.hasDone(place)
	return place.program == 0 && !changes && place.last != nil && isSameProgram(&spare.settings, &place.settings) &&
		spare.stage == filled && !isLoading(spare) && p.expects(place).missing(spare.listens) == "" && spare.worker.IsConnected()
}
