package cluster

// ranks is how many classes the targets with the same number of connections in flight are divided into.
const ranks = 8

// targetQueues choose the next target: of those with the fewest connections in flight one of the best rank, and of these the
// one that has waited longest. The work for each call is constant, however many targets there are.
type targetQueues struct {
	rank   func(*Target) int
	queues [maxInFlight][ranks]targetQueue // of the targets that are available
}

// targetQueue is a queue of targets.
type targetQueue struct{ first, last *Target }

// queuePlace is where a target is in a queue. One that is not available is in none.
type queuePlace struct {
	queue      *targetQueue
	prev, next *Target
}

// newTargetQueues makes queues in which all targets are of the same rank.
func newTargetQueues() *targetQueues {
	return &targetQueues{rank: func(*Target) int { return 0 }}
}

// Join is the dispatcher's call.
func (q *targetQueues) Join(target *Target) { q.Changed(target) }

// Leave is the dispatcher's call.
func (q *targetQueues) Leave(target *Target) { target.place.remove(target) }

// Next is the dispatcher's call.
func (q *targetQueues) Next(Connection) *Target {
	for i := range q.queues {
		for j := range q.queues[i] {
			if target := q.queues[i][j].first; target != nil {
				return target
			}
		}
	}
	return nil
}

// Changed puts a target at the end of the queue where it belongs.
func (q *targetQueues) Changed(target *Target) {
	target.place.remove(target)
	if target.Available() {
		q.queues[target.inFlight][q.rank(target)].push(target)
	}
}

func (q *targetQueue) push(target *Target) {
	target.place = queuePlace{queue: q, prev: q.last}
	if q.last == nil {
		q.first = target
	} else {
		q.last.place.next = target
	}
	q.last = target
}

func (p *queuePlace) remove(target *Target) {
	q := p.queue
	if q == nil {
		return
	}
	if p.prev == nil {
		q.first = p.next
	} else {
		p.prev.place.next = p.next
	}
	if p.next == nil {
		q.last = p.prev
	} else {
		p.next.place.prev = p.prev
	}
	*p = queuePlace{}
}
