package egg

import "time"

// decision is what follows the end of an app worker.
type decision int

const (
	nothing     decision = iota
	endMaster            // with exit code 1
	succeed              // a successor at once
	succeedLate          // a successor after a pause, longer with each that has failed
	keepOld              // a reload is over, and the worker that was to be replaced goes on
	stayEmpty            // no successor before a reload
)

// stage is how far an app worker has come.
type stage int

const (
	booting   stage = iota
	serving         // it has started
	succeeder       // of a reload, and has not started
	dismissed       // it was asked to leave
)

// deaths is what follows the end of an app worker that the master has not stopped, in the order of the fields: the first row that matches counts.
var deaths = []struct {
	phase      []phase
	stage      []stage
	production []bool
	decision   decision
}{
	{[]phase{starting}, nil, nil, endMaster},
	{[]phase{running}, []stage{dismissed}, nil, nothing},
	{[]phase{running}, []stage{succeeder}, nil, keepOld},
	{[]phase{running}, []stage{serving}, []bool{true}, succeed},
	{[]phase{running}, []stage{booting}, []bool{true}, succeedLate},
	{[]phase{running}, nil, []bool{false}, stayEmpty},
	{nil, nil, nil, nothing},
}

func matches[T comparable](any []T, value T) bool {
	for _, v := range any {
		if v == value {
			return true
		}
	}
	return any == nil
}

// decisionFor looks into the table.
func decisionFor(p phase, st stage, production bool) decision {
	for _, row := range deaths {
		if matches(row.phase, p) && matches(row.stage, st) && matches(row.production, production) {
			return row.decision
		}
	}
	return nothing
}

func (a *app) stage() stage {
	switch {
	case a.leaving:
		return dismissed
	case a.place.next == a:
		return succeeder
	case a.started:
		return serving
	default:
		return booting
	}
}

// decideOnce has what follows the end of an app worker happen, when the first sign of it comes: its channel may end long before its process does.
func (s *state) decideOnce(a *app) {
	if !a.succeeded {
		a.succeeded = true
		s.decide(a.place, a)
	}
}

// decide is decideOnce for a place, of which a is nil if it could not be forked.
func (s *state) decide(p *place, a *app) {
	d := succeedLate
	if a != nil {
		d = decisionFor(s.phase, a.stage(), s.production)
	} else if s.phase != running {
		d = decisionFor(s.phase, booting, s.production)
	}
	s.saySuccession(a, d)
	switch d {
	case endMaster:
		s.finish(1)
	case succeed:
		s.empty(p, true)
		s.succeedSoon(p)
	case succeedLate:
		s.empty(p, false)
		s.succeedLate(p)
	case keepOld:
		p.next = nil
		s.abandonReload(p)
	case stayEmpty:
		s.empty(p, false)
		s.world.release(a.appProcess)
	}
}

// empty is for a place whose app worker has ended. Where its successor starts already, clients wait for that.
func (s *state) empty(p *place, waits bool) {
	p.app = nil
	s.world.vacate(p.index, waits || p.next != nil)
}

// maxForks is how many app workers that have died are replaced at once within forkSpan; those beyond it wait.
const (
	maxForks = 60
	forkSpan = time.Minute
)

// succeedSoon forks a successor, unless there were many of late.
func (s *state) succeedSoon(p *place) {
	now := s.world.now()
	s.reforks = append(s.reforks, now)
	if len(s.reforks) <= maxForks {
		s.occupy(p)
		return
	}
	s.reforks = s.reforks[len(s.reforks)-maxForks-1:]
	if wait := forkSpan - now.Sub(s.reforks[0]); wait > 0 {
		s.world.logText(levelPlainError, "worker died too fast")
		s.occupyAfter(p, wait)
		return
	}
	s.occupy(p)
}

const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// pauseAfter is how long to wait after so many failures in a row.
func pauseAfter(failures int) time.Duration {
	if failures >= 6 { // beyond which a shift would grow without a bound
		return longestPause
	}
	return min(firstPause<<(failures-1), longestPause)
}

func (s *state) succeedLate(p *place) {
	p.failed++
	pause := pauseAfter(p.failed)
	s.info("[master] app_worker of place %d has failed %d times in its start, and is started again after %s", p.index, p.failed, pause)
	s.occupyAfter(p, pause)
}

func (s *state) occupyAfter(p *place, pause time.Duration) {
	if p.waits {
		return
	}
	p.waits, p.retryAt = true, s.world.now().Add(pause)
	s.world.after(pause, func() {
		p.waits, p.retryAt = false, time.Time{}
		s.occupy(p)
	})
}

// occupy forks an app worker for a place that has none.
func (s *state) occupy(p *place) {
	if s.phase != running || p.app != nil || p.next != nil || p.waits {
		return
	}
	if p.app = s.fork(p); p.app != nil {
		p.restarts++
		s.sayForked(p.app)
	}
}
