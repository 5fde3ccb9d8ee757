package cluster

import (
	"math"
	"time"
)

// mostInFlight is how many connections may be on their way to a member at once. Node's primary has one; with more, a worker
// that is busy for a moment finds the next connections waiting.
const mostInFlight = 8

// A member that takes longer than slow to answer does not keep up, and gets fewer at once. In a crowd it waits for a CPU
// that long though it keeps up.
const (
	slow        = 20 * time.Millisecond
	slowInCrowd = 200 * time.Millisecond
)

// A member that refuses a connection is left alone for a moment: it closes its server, and says so soon, or it has
// as many connections as it wants, and does not say when that changes.
const (
	shortestRest = time.Millisecond
	longestRest  = 128 * time.Millisecond
)

// latencyHalfLife is how long it takes a latency that no answer confirms to fade to its half.
const latencyHalfLife = time.Second

func newMember(d *dealer, w *Worker) *Member { return &Member{dealer: d, worker: w, window: 1} }

// latencyAt is the latency as it has faded by now.
func (m *Member) latencyAt(now time.Duration) time.Duration {
	age := now - m.measured
	if m.latency == 0 || age <= 0 {
		return m.latency
	}
	return time.Duration(float64(m.latency) * math.Exp2(-float64(age)/float64(latencyHalfLife)))
}

// measure takes the time from an offer to its answer into account. A long one counts at once and wholly: a worker that is
// busy by turns answers quickly between them, and the next connection would wait for it.
func (m *Member) measure(sent, now time.Duration) {
	took := now - sent
	if took > m.latencyAt(now) {
		m.latency, m.measured = took, now
	}
	if took > slow && (took > slowInCrowd || !m.dealer.crowded()) {
		m.window = max(m.window/2, 1)
	} else if m.window < mostInFlight {
		m.window++
	}
}

// accepted: the worker has a connection and may get another.
func (m *Member) accepted(sent time.Duration) {
	m.resting = 0
	m.measure(sent, m.dealer.now())
	m.answered()
}

func (m *Member) answered() {
	m.inFlight--
	m.dealer.changed(m)
	m.dealer.soon()
}

// refused: the connection goes to another member, and this one gets none for a while, and then a single one.
func (m *Member) refused(connection int) {
	m.window = 1
	m.answered()
	m.dealer.giveBack(connection)
	if m.gone || m.suspended {
		return
	}
	m.resting = min(max(2*m.resting, shortestRest), longestRest)
	m.suspend()
	time.AfterFunc(m.resting, func() { m.dealer.primary.loop.Post(m.retry) })
}

// suspend has the member passed over until retry.
func (m *Member) suspend() {
	m.suspended = true
	m.dealer.changed(m)
}

// retry is for a member that was suspended because its channel was full, or it rests.
func (m *Member) retry() {
	if m.suspended {
		m.suspended = false
		m.dealer.changed(m)
		m.dealer.soon()
	}
}
