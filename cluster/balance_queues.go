package cluster

// ranks is how many classes of targets the queues tell apart among those with the same number of connections on their way.
const ranks = 8

// targetQueues say which target is next: of those with the fewest connections on their way one of the best rank, and of those the
// one that has waited longest. Every step is constant work, however many targets there are.
type targetQueues struct {
	rank    func(*Target) int
	waiting [maxInFlight][ranks]targetQueue
}

// targetQueue is a queue of targets.
type targetQueue struct{ first, last *Target }

// queuePlace is where a target stands in a queue, in none while it takes no connections.
type queuePlace struct {
	queue      *targetQueue
	prev, next *Target
}

// newTargetQueues are queues in which all targets are of the same rank.
func newTargetQueues() *targetQueues {
	return &targetQueues{rank: func(*Target) int { return 0 }}
}

// Join is the dispatcher's call.
func (q *targetQueues) Join(target *Target) { q.Changed(target) }

// Leave is the dispatcher's call.
func (q *targetQueues) Leave(target *Target) { target.place.remove(target) }

// Next is the dispatcher's call.
func (q *targetQueues) Next(Connection) *Target {
	for i := range q.waiting {
		for j := range q.waiting[i] {
			if target := q.waiting[i][j].first; target != nil {
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
		q.waiting[target.inFlight][q.rank(target)].push(target)
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
