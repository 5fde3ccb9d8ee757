package cluster

// window is how many connections may be on their way to a member at once. Node's primary has one; with more, a
// worker that is busy for a moment finds the next connections waiting.
const window = 8

// turns says which member is next: of those with the fewest connections on their way the one that has waited
// longest. Every step is constant work, however many members there are.
type turns struct {
	waiting [window]turn // by the number of connections on their way
}

// turn is a queue of members.
type turn struct{ first, last *member }

// next is the member whose turn it is, nil when none can take a connection.
func (t *turns) next() *member {
	for i := range t.waiting {
		if m := t.waiting[i].first; m != nil {
			return m
		}
	}
	return nil
}

func (t *turns) join(m *member) { t.enter(m) }

func (t *turns) took(m *member) {
	m.inFlight++
	t.enter(m)
}

func (t *turns) answered(m *member) {
	if !m.suspended {
		t.enter(m)
	}
}

// suspend passes a member over until resume.
func (t *turns) suspend(m *member) {
	m.suspended = true
	t.remove(m)
}

func (t *turns) resume(m *member) {
	m.suspended = false
	if !m.gone {
		t.enter(m)
	}
}

// enter puts a member at the end of the queue where it belongs.
func (t *turns) enter(m *member) {
	t.remove(m)
	if m.inFlight >= m.window() {
		return
	}
	q := &t.waiting[m.inFlight]
	m.place, m.prev = q, q.last
	if q.last == nil {
		q.first = m
	} else {
		q.last.next = m
	}
	q.last = m
}

func (t *turns) remove(m *member) {
	q := m.place
	if q == nil {
		return
	}
	if m.prev == nil {
		q.first = m.next
	} else {
		m.prev.next = m.next
	}
	if m.next == nil {
		q.last = m.prev
	} else {
		m.next.prev = m.prev
	}
	m.place, m.prev, m.next = nil, nil, nil
}
