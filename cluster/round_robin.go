package cluster

// mostInTurn is how many connections a worker gets in one turn.
const mostInTurn = mostInFlight

// roundRobin is Node's: turns. In a crowd, a worker that is about to wake up for a connection gets those that come meanwhile
// too, because it is the waking that costs most.
type roundRobin struct {
	turns
	last   *Member // whose turn it is
	inTurn int     // how many connections it got in this turn
}

func newRoundRobin() Balancer { return &roundRobin{turns: *newTurns()} }

// Leave is the dealer's call.
func (r *roundRobin) Leave(m *Member) {
	if r.last == m {
		r.last = nil
	}
	r.turns.Leave(m)
}

// Next is the dealer's call.
func (r *roundRobin) Next(c Connection) *Member {
	if !r.goesOn() {
		r.last, r.inTurn = r.turns.Next(c), 0
	}
	r.inTurn++
	return r.last
}

// goesOn says whether it is still the turn of the member that got the last connection.
func (r *roundRobin) goesOn() bool {
	m := r.last
	return m != nil && m.dealer.crowded() && m.inFlight > 0 && m.Available() && r.inTurn < mostInTurn
}
