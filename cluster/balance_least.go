package cluster

import (
	"math/bits"
	"time"
)

// refreshEvery is how often targets are ranked anew who have not changed.
const refreshEvery = 100 * time.Millisecond

// leastBusy are queues of which the target comes first that has answered most quickly lately.
type leastBusy struct {
	targetQueues
	targets   map[*Target]struct{}
	refreshed time.Duration
}

func newLeastBusy() Balancer {
	return &leastBusy{targetQueues: targetQueues{rank: latencyRank}, targets: map[*Target]struct{}{}}
}

// idleLatency is the latency of a worker that has nothing to do, on a machine that has.
const idleLatency = 8 * time.Millisecond

// latencyRank puts latencies into classes that differ by their double, so that small differences do not matter.
func latencyRank(target *Target) int {
	return min(bits.Len(uint(target.Latency()/idleLatency)), ranks-1)
}

// Join is the dispatcher's call.
func (l *leastBusy) Join(target *Target) {
	l.targets[target] = struct{}{}
	l.targetQueues.Join(target)
}

// Leave is the dispatcher's call.
func (l *leastBusy) Leave(target *Target) {
	delete(l.targets, target)
	l.targetQueues.Leave(target)
}

// Next is the dispatcher's call.
func (l *leastBusy) Next(c Connection) *Target {
	target := l.targetQueues.Next(c)
	if target == nil {
		return nil
	}
	if now := target.dispatcher.now(); now-l.refreshed > refreshEvery {
		l.refreshed = now
		l.refresh()
		target = l.targetQueues.Next(c)
	}
	return target
}

// refresh ranks those anew whose latency has faded.
func (l *leastBusy) refresh() {
	for target := range l.targets {
		if q := target.place.queue; q != nil && q != &l.waiting[target.inFlight][latencyRank(target)] {
			l.Changed(target)
		}
	}
}
