package cluster

import (
	"math/bits"
	"time"
)

// ranks is how many classes of members turns tell apart among those with the same number of connections on their way.
const ranks = 8

// turns say which member is next: of those with the fewest connections on their way one of the best rank, and of those the
// one that has waited longest. Every step is constant work, however many members there are.
type turns struct {
	rank    func(*Member) int
	waiting [mostInFlight][ranks]turn
}

// turn is a queue of members.
type turn struct{ first, last *Member }

// place is where a member stands in a queue, in none while it takes no connections.
type place struct {
	queue      *turn
	prev, next *Member
}

// newTurns are turns in which all members are of the same rank.
func newTurns() *turns { return &turns{rank: func(*Member) int { return 0 }} }

// Join is the dealer's call.
func (t *turns) Join(m *Member) { t.Changed(m) }

// Leave is the dealer's call.
func (t *turns) Leave(m *Member) { m.place.remove(m) }

// Next is the dealer's call.
func (t *turns) Next(Connection) *Member {
	for i := range t.waiting {
		for j := range t.waiting[i] {
			if m := t.waiting[i][j].first; m != nil {
				return m
			}
		}
	}
	return nil
}

// Changed puts a member at the end of the queue where it belongs.
func (t *turns) Changed(m *Member) {
	m.place.remove(m)
	if m.Available() {
		t.waiting[m.inFlight][t.rank(m)].push(m)
	}
}

func (q *turn) push(m *Member) {
	m.place = place{queue: q, prev: q.last}
	if q.last == nil {
		q.first = m
	} else {
		q.last.place.next = m
	}
	q.last = m
}

func (p *place) remove(m *Member) {
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
	*p = place{}
}

// refreshEvery is how often members are ranked anew who have not changed.
const refreshEvery = 100 * time.Millisecond

// leastBusy are turns of which the member comes first that has answered most quickly lately.
type leastBusy struct {
	turns
	members   map[*Member]struct{}
	refreshed time.Duration
}

func newLeastBusy() Balancer {
	return &leastBusy{turns: turns{rank: latencyRank}, members: map[*Member]struct{}{}}
}

// leisure is the latency of a worker that has nothing to do, on a machine that has.
const leisure = 8 * time.Millisecond

// latencyRank puts latencies into classes that differ by their double, so that small differences do not matter.
func latencyRank(m *Member) int {
	return min(bits.Len(uint(m.Latency()/leisure)), ranks-1)
}

// Join is the dealer's call.
func (l *leastBusy) Join(m *Member) {
	l.members[m] = struct{}{}
	l.turns.Join(m)
}

// Leave is the dealer's call.
func (l *leastBusy) Leave(m *Member) {
	delete(l.members, m)
	l.turns.Leave(m)
}

// Next is the dealer's call.
func (l *leastBusy) Next(c Connection) *Member {
	m := l.turns.Next(c)
	if m == nil {
		return nil
	}
	if now := m.dealer.now(); now-l.refreshed > refreshEvery {
		l.refreshed = now
		l.refresh()
		m = l.turns.Next(c)
	}
	return m
}

// refresh ranks those anew whose latency has faded.
func (l *leastBusy) refresh() {
	for m := range l.members {
		if q := m.place.queue; q != nil && q != &l.waiting[m.inFlight][latencyRank(m)] {
			l.Changed(m)
		}
	}
}
