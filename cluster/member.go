package cluster

import "time"

// A member that refuses a connection is left alone for a moment: it closes its server, and says so soon, or it has
// as many connections as it wants, and does not say when that changes.
const (
	shortestRest = time.Millisecond
	longestRest  = 128 * time.Millisecond
)

// member is a worker that takes connections of a round-robin server.
type member struct {
	of     *roundRobin
	worker *Worker

	place      *turn // where it stands, nil when it takes no connections
	prev, next *member
	inFlight   int
	resting    time.Duration
	suspended  bool
	gone       bool
}

func (m *member) server() server { return m.of }

// window is how many connections may be on their way to the member. One that has refused gets a single one until it
// takes that.
func (m *member) window() int {
	if m.resting > 0 {
		return 1
	}
	return window
}

func (m *member) leave() {
	m.gone = true
	m.of.turns.remove(m)
}

// retry is for a member that was suspended because its channel was full.
func (m *member) retry() {
	if m.suspended {
		m.of.turns.resume(m)
		m.of.soon()
	}
}

// accepted: the worker has a connection and may get another.
func (m *member) accepted() {
	m.resting = 0
	m.answered()
}

func (m *member) answered() {
	m.inFlight--
	if !m.gone {
		m.of.turns.answered(m)
	}
	m.of.soon()
}

// refused: the connection goes to another member, and this one gets none for a while.
func (m *member) refused(connection int) {
	m.answered()
	m.of.giveBack(connection)
	if m.gone || m.suspended {
		return
	}
	m.resting = min(max(2*m.resting, shortestRest), longestRest)
	m.of.turns.suspend(m)
	time.AfterFunc(m.resting, func() { m.of.primary.loop.Post(m.retry) })
}
