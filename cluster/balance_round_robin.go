package cluster

// maxBatch is how many connections that come together go to one worker where workers are oversubscribed.
const maxBatch = maxInFlight

// roundRobin gives connections to the targets one after the other, as Node does. Where workers are oversubscribed, the target that got
// the last connection gets those that come before its worker has woken up for that one, because waking up costs the most.
type roundRobin struct {
	targetQueues
	last  *Target // that got the last connection
	batch int     // how many it got in a row
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
	if !r.continuesBatch() {
		r.last, r.batch = r.targetQueues.Next(c), 0
	}
	r.batch++
	return r.last
}

// continuesBatch reports whether the target that got the last connection gets the next one too.
func (r *roundRobin) continuesBatch() bool {
	target := r.last
	return target != nil && target.dispatcher.isOversubscribed() && target.inFlight > 0 && target.Available() && r.batch < maxBatch
}
