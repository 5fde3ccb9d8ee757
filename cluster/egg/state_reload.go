package egg

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cluster"
)

// errEnding is why nothing is changed any more.
var errEnding = fmt.Errorf("egg: the master is %w", cluster.ErrClosed)

// reload is the replacement of all app workers, one after the other.
type reload struct {
	todo  []*place
	now   *place // whose successor starts
	again bool   // another one was asked for meanwhile

	goesOn   bool
	replaced []int               // the places that have a new app worker
	waiting  []func(ReloadEvent) // for its end
	later    []func(ReloadEvent) // for the end of the one that is asked for next
}

// awaitReload is askReload for who waits for the end of the reload that is asked for.
func (s *state) awaitReload(done func(ReloadEvent)) {
	if s.phase > running {
		done(ReloadEvent{Ended: true, Err: errEnding})
		return
	}
	s.reload.later = append(s.reload.later, done)
	s.askReload()
}

// endReload tells of the end of a reload, if one goes on.
func (s *state) endReload(err error) {
	r := &s.reload
	if !r.goesOn {
		return
	}
	e := ReloadEvent{Ended: true, Replaced: r.replaced, Err: err}
	waiting := r.waiting
	r.goesOn, r.waiting = false, nil
	s.observe(e)
	for _, done := range waiting {
		done(e)
	}
}

// endReloads is for a master that stops.
func (s *state) endReloads() {
	s.endReload(errEnding)
	for _, done := range s.reload.later {
		done(ReloadEvent{Ended: true, Err: errEnding})
	}
	s.reload.later = nil
}

// askReload begins a reload. One that is asked for while another goes on follows it.
func (s *state) askReload() {
	switch {
	case s.phase > running:
	case s.phase == starting || s.reload.now != nil:
		s.reload.again = true
	default:
		s.sayReload()
		s.reload = reload{todo: append([]*place(nil), s.places...), goesOn: true, waiting: s.reload.later}
		s.observe(ReloadEvent{})
		s.goOnReloading()
	}
}

// goOnReloading starts the next successor, while its worker serves on.
func (s *state) goOnReloading() {
	r := &s.reload
	if s.phase != running || r.now != nil {
		return
	}
	if len(r.todo) == 0 {
		s.endReload(nil)
		if r.again {
			r.again = false
			s.askReload()
		}
		return
	}
	p := r.todo[0]
	r.todo, r.now = r.todo[1:], p
	p.next = s.forkNext(p)
	if p.next == nil {
		s.abandonReload(p)
	}
}

// forkNext starts a successor for a place, nil if it could not.
func (s *state) forkNext(p *place) *app {
	process, err := s.world.startApp(p.index)
	if err != nil {
		s.fail("[master] app_worker cannot be started: %v", err)
		return nil
	}
	return s.admit(process, p)
}

// takePlace is for an app worker that has started. Where another one has its place, that leaves.
func (s *state) takePlace(a *app) {
	p := a.place
	if p.next != a {
		s.world.serve(p.index, a.appProcess)
		return
	}
	old := p.app
	p.app, p.next = a, nil
	s.world.serve(p.index, a.appProcess)
	if old != nil {
		old.leaving = true
		s.world.drain(old.appProcess)
	}
	s.reload.now = nil
	s.reload.replaced = append(s.reload.replaced, p.index)
	s.goOnReloading()
}

// abandonReload ends a reload whose successor has failed. The workers that it was to replace go on.
func (s *state) abandonReload(p *place) {
	s.fail("[master] reload is given up, because the new app worker of place %d has failed; those that it has not replaced go on", p.index)
	s.reload.todo, s.reload.now = nil, nil
	s.endReload(fmt.Errorf("the new app worker of place %d has failed in its start", p.index))
	if p.app == nil {
		s.world.vacate(p.index, false)
	}
	if p.app == nil && s.production {
		s.succeedLate(p)
	}
	s.goOnReloading()
}
