package cluster

import "runtime"

const (
	// fewPerCPU is how many workers a CPU may have before connections that come together go to one of them rather than to
	// several: more of them do not run at the same time, and it is the waking that costs most.
	fewPerCPU = 4
	// mostInTurn is how many connections a worker gets in one turn.
	mostInTurn = mostInFlight
)

// roundRobin is Node's: turns. Where there are many more workers than CPUs, a worker that is about to wake up for a connection
// gets those that come meanwhile too.
type roundRobin struct {
	turns
	last    *Member // whose turn it is
	inTurn  int     // how many connections it got in this turn
	members int
	few     int
}

func newRoundRobin() Balancer {
	return &roundRobin{turns: *newTurns(), few: fewPerCPU * runtime.GOMAXPROCS(0)}
}

// Join is the dealer's call.
func (r *roundRobin) Join(m *Member) {
	r.members++
	r.turns.Join(m)
}

// Leave is the dealer's call.
func (r *roundRobin) Leave(m *Member) {
	r.members--
	if r.last == m {
		r.last = nil
	}
	r.turns.Leave(m)
}

// Next is the dealer's call.
func (r *roundRobin) Next(c Connection) *Member {
	if last := r.last; r.members <= r.few || last == nil || last.inFlight == 0 || !last.Available() || r.inTurn == mostInTurn {
		r.last, r.inTurn = r.turns.Next(c), 0
	}
	r.inTurn++
	return r.last
}
