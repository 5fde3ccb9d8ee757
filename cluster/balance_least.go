package cluster

import (
	"math/bits"
	"time"
)

// refreshEvery is how often targets are ranked again whose latency has only faded.
const refreshEvery = 100 * time.Millisecond

// leastBusy gives a connection to a target that has the fewest in flight, and of several to one that has answered quickest of late.
type leastBusy struct {
	targetQueues
	targets   map[*Target]struct{}
	refreshed time.Duration
}

func newLeastBusy() Balancer {
	return &leastBusy{targetQueues: targetQueues{rank: latencyRank}, targets: map[*Target]struct{}{}}
}

// idleLatency is the latency of an idle worker on a busy machine.
const idleLatency = 8 * time.Millisecond

// latencyRank is the class of a target's latency. Each class is of latencies twice as long as those of the one before, so that small
// differences do not matter.
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

// refresh ranks the targets again whose latency has faded into another class.
func (l *leastBusy) refresh() {
	for target := range l.targets {
		if q := target.place.queue; q != nil && q != &l.queues[target.inFlight][latencyRank(target)] {
			l.Changed(target)
		}
	}
}
