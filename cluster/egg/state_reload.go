package egg

// reload is the replacement of all app workers, one after the other.
type reload struct {
	todo  []*place
	now   *place // whose successor starts
	again bool   // another one was asked for meanwhile
}

// askReload begins a reload. One that is asked for while another goes on follows it.
func (s *state) askReload() {
	switch {
	case s.phase > running:
	case s.phase == starting || s.reload.now != nil:
		s.reload.again = true
	default:
		s.sayReload()
		s.reload = reload{todo: append([]*place(nil), s.places...)}
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
	s.goOnReloading()
}

// abandonReload ends a reload whose successor has failed. The workers that it was to replace go on.
func (s *state) abandonReload(p *place) {
	s.fail("[master] reload is given up, because the new app worker of place %d has failed; those that it has not replaced go on", p.index)
	s.reload.todo, s.reload.now = nil, nil
	if p.app == nil {
		s.world.vacate(p.index, false)
	}
	if p.app == nil && s.production {
		s.succeedLate(p)
	}
	s.goOnReloading()
}
