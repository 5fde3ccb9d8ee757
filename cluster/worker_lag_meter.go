package cluster

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// minLagPeriod is the shortest period. In a shorter one the primary would do little else.
const minLagPeriod = 10 * time.Millisecond

// maxPingsPerCPU is how many workers are pinged at once. More would wait for a CPU, because of each other.
const maxPingsPerCPU = 16

const never = time.Duration(math.MaxInt64)

// A lagMeter measures the lag of all workers with one timer. In each period every worker is pinged: it is sent a message that means
// nothing to it, and is looked at until it has read that. So no answer wakes the primary, and an idle one sleeps between periods. All
// methods run on the primary's loop.
//
// While a ping is not read, no connection is offered to the worker: see nodeipc.LoopChannel.Offer.
type lagMeter struct {
	primary *Primary
	period  time.Duration // 0 if nothing is measured
	timer   *time.Timer   // of the next tick; nil before the first
	running bool          // the timer was started
	round   time.Duration // when the next period begins, or never
	waiting []*Worker     // that are pinged in this period
	pinged  []*Worker     // that have not read their ping, as far as is known
}

// setPeriod is for settings that have come.
func (m *lagMeter) setPeriod(period time.Duration) {
	if period <= 0 || runtime.GOOS != "linux" {
		m.period, m.waiting, m.round = 0, nil, never
		return
	}
	m.period = max(period, minLagPeriod)
	m.running = false // the timer may have been set for much later
	m.start()
}

// start is for a worker that has come online.
func (m *lagMeter) start() {
	if m.period > 0 && !m.running {
		m.round = m.primary.now()
		m.tickAfter(0)
	}
}

// stop is for a primary that closes.
func (m *lagMeter) stop() {
	if m.timer != nil {
		m.timer.Stop()
	}
}

func (m *lagMeter) tickAfter(wait time.Duration) {
	m.running = true
	if m.timer == nil {
		tick := m.tick
		m.timer = time.AfterFunc(wait, func() { m.primary.loop.Post(tick) })
	} else {
		m.timer.Reset(wait)
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
	if m.running = next != never; m.running {
		m.tickAfter(next - now)
	}
}

// lookAtPinged looks whether workers have read for which it is time.
func (m *lagMeter) lookAtPinged(now time.Duration) {
	m.pinged = slices.DeleteFunc(m.pinged, func(w *Worker) bool {
		l := &w.onLoop.lag
		switch {
		case !w.canBePinged():
			l.pinged = false
		case now < l.look:
		case w.onLoop.channel.HasUnread():
			l.wait(now)
		default:
			l.end(now)
		}
		return !l.pinged
	})
}

// idleWorkers returns those that can be pinged, by age.
func (m *lagMeter) idleWorkers() []*Worker {
	return slices.DeleteFunc(m.primary.inOrder(), func(w *Worker) bool { return w.onLoop.lag.pinged || !w.canBePinged() })
}

// pingNext pings the next of those that wait for it.
func (m *lagMeter) pingNext(now time.Duration) {
	n := min(len(m.waiting), maxPingsPerCPU*runtime.GOMAXPROCS(0))
	for _, w := range m.waiting[:n] {
		if w.ping() {
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
