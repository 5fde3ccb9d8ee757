package cluster

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// minLagPeriod is the shortest period. In a shorter one the primary would do little else.
const minLagPeriod = 10 * time.Millisecond

// maxLagPeriod is how often the lag is measured at least where there is a Settings.MaxLag.
const maxLagPeriod = 10 * time.Second

// maxPingsPerCPU is how many workers are pinged at once. More would wait for a CPU, because of each other.
const maxPingsPerCPU = 16

// maxLagPause is how long a worker that does not read is not looked at, at most.
const maxLagPause = time.Second

const never = time.Duration(math.MaxInt64)

// A lagMeter measures the lag of all workers with one timer. In each period every worker is pinged: it is sent a message that means
// nothing to it, and is looked at until it has read that. So no answer wakes the primary, and an idle one sleeps between periods. All
// methods run on the primary's loop.
//
// While a ping is not read, no connection is offered to the worker: see nodeipc.LoopChannel.Offer.
type lagMeter struct {
	primary *Primary
	timer   *eventloop.Timer
	period  time.Duration // 0 if nothing is measured
	maxLag  time.Duration // 0 if no worker is taken for blocked
	due     time.Duration // when the next tick is, or never
	round   time.Duration // when the next period begins, or never
	waiting []*Worker     // that are pinged in this period
	pinged  []*Worker     // that have not read their ping, as far as is known
}

func newLagMeter(p *Primary) lagMeter {
	return lagMeter{primary: p, due: never, round: never, timer: p.loop.NewTimer(func() { p.onLoop.lag.tick() })}
}

// set is for settings that have come.
func (m *lagMeter) set(period, maxLag time.Duration) {
	if maxLag > 0 {
		maxLag = max(maxLag, minLagPeriod)
		if atLeast := min(maxLag, maxLagPeriod); period <= 0 || period > atLeast {
			period = atLeast
		}
	}
	m.maxLag = maxLag
	switch {
	case period <= 0 || runtime.GOOS != "linux":
		m.period, m.waiting, m.round = 0, nil, never
	case m.period != max(period, minLagPeriod):
		m.period = max(period, minLagPeriod)
		m.round = never // the next period may have been much later
		m.start()
	}
}

// start is for a worker that has come online.
func (m *lagMeter) start() {
	if m.period > 0 && m.round == never {
		m.round = m.primary.now()
		m.tickAt(m.round)
	}
}

func (m *lagMeter) tickAt(due time.Duration) {
	if m.due = due; due != never {
		m.timer.Reset(due - m.primary.now())
	}
}

// tick does what it is time for. Where there is nobody to ping it is the last.
func (m *lagMeter) tick() {
	now := m.primary.now()
	m.lookAtPinged(now)
	if now >= m.round {
		m.round = now + m.period
		if m.waiting = m.idleWorkers(); len(m.waiting)+len(m.pinged) == 0 {
			m.round = never
		}
	}
	m.pingNext(now)
	next := m.round
	if len(m.waiting) > 0 {
		next = now + minReadPause
	}
	for _, w := range m.pinged {
		next = min(next, w.onLoop.lag.look)
	}
	m.tickAt(next)
}

// lookAtPinged looks whether workers have read for which it is time.
func (m *lagMeter) lookAtPinged(now time.Duration) {
	// What has kept this process from going on may have kept the workers too.
	judges := m.maxLag > 0 && now-m.due < m.maxLag/2
	m.pinged = slices.DeleteFunc(m.pinged, func(w *Worker) bool {
		l := &w.onLoop.lag
		switch {
		case !l.pinged || !w.canBePinged():
			l.pinged, l.blocked = false, false
		case now < l.look:
		case w.onLoop.channel.HasUnread():
			l.wait(now, m.maxLag)
			if waited := now - l.sent; judges && !l.blocked && waited >= m.maxLag {
				l.blocked = true
				m.primary.events.emitFor(w, BlockedEvent{w, waited}, 0)
			}
		default:
			m.hasRead(w, now)
		}
		return !l.pinged
	})
}

// hasRead is for a worker of which nothing waits to be read any more: it has read its ping, unless it has ended.
func (m *lagMeter) hasRead(w *Worker, now time.Duration) {
	l := &w.onLoop.lag
	if w.onLoop.channel.HasHungUp() {
		l.pinged, l.blocked = false, false
		return
	}
	if l.blocked {
		l.blocked = false
		m.primary.events.emitFor(w, UnblockedEvent{w, now - l.sent}, 0)
	}
	l.end(now)
}

// idleWorkers returns those that can be pinged, by age.
func (m *lagMeter) idleWorkers() []*Worker {
	return slices.DeleteFunc(m.primary.inOrder(), func(w *Worker) bool { return w.onLoop.lag.pinged || !w.canBePinged() })
}

// pingNext pings the next of those that wait for it.
func (m *lagMeter) pingNext(now time.Duration) {
	n := min(len(m.waiting), maxPingsPerCPU*runtime.GOMAXPROCS(0))
	for _, w := range m.waiting[:n] {
		if !w.onLoop.lag.pinged && w.ping() {
			w.onLoop.lag.begin(now)
			m.pinged = append(m.pinged, w)
		}
	}
	m.waiting = m.waiting[n:]
}

// canBePinged reports whether the worker reads messages: it has said that it runs, and its channel has not ended.
func (w *Worker) canBePinged() bool { return w.life.now() == online || w.life.now() == listening }

// ping sends the worker a message without an act, and reports whether its channel is open. To one for which too much waits it sends
// nothing: that it reads what waits says as much.
func (w *Worker) ping() bool {
	if !w.canBePinged() {
		return false
	}
	err := w.onLoop.channel.Post(w.nothing(), nil)
	return err == nil || errors.Is(err, nodeipc.ErrNotReading)
}
