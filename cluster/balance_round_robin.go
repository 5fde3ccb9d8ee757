package cluster

// maxInTurn is how many connections a worker gets in one turn.
const maxInTurn = maxInFlight

// roundRobin is Node's: turns. In a crowd, a worker that is about to wake up for a connection gets those that come meanwhile
// too, because it is the waking that costs most.
type roundRobin struct {
	targetQueues
	last   *Target // whose turn it is
	inTurn int     // how many connections it got in this turn
}

func newRoundRobin() Balancer { return &roundRobin{targetQueues: *newTargetQueues()} }

// Leave is the dispatcher's call.
func (r *roundRobin) Leave(target *Target) {
	if r.last == target {
		r.last = nil
	}
	r.targetQueues.Leave(target)
}

// Next is the dispatcher's call.
func (r *roundRobin) Next(c Connection) *Target {
	if !r.goesOn() {
		r.last, r.inTurn = r.targetQueues.Next(c), 0
	}
	r.inTurn++
	return r.last
}

// goesOn reports whether it is still the turn of the target that got the last connection.
func (r *roundRobin) goesOn() bool {
	target := r.last
	return target != nil && target.dispatcher.crowded() && target.inFlight > 0 && target.Available() && r.inTurn < maxInTurn
}
