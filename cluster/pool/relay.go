package pool

import (
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// A Relay is a [Route] that passes most messages on to other workers. What it matches is no [cluster.MessageEvent]: nobody else hears of it.
// Most of its messages are taken on the primary's loop, which costs no switch to another goroutine: its Matches and Take have to be quick,
// about as quick as to read the message once.
type Relay interface {
	Route
	// IsRelay does nothing.
	IsRelay()
}

// maxOnLoop is how many bytes a message may have that is taken on the primary's loop, which hands out connections too.
const maxOnLoop = 256 << 10

// turns has the routes take messages one at a time, on the primary's loop where that need not wait, and those of a worker in their order.
type turns struct {
	routing sync.Mutex // held while a route has a message

	mu        sync.Mutex
	postponed map[*cluster.Worker]int // messages that have not been taken
}

// begin reports whether a message may be taken on the loop, and then routing is held. Else the message is postponed.
func (t *turns) begin(w *cluster.Worker, size int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if size <= maxOnLoop && t.postponed[w] == 0 && t.routing.TryLock() {
		return true
	}
	t.postponed[w]++
	return false
}

// end is for a message that was postponed and taken.
func (t *turns) end(w *cluster.Worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.postponed[w]--; t.postponed[w] <= 0 {
		delete(t.postponed, w)
	}
}

// forget is for a worker that sends nothing any more.
func (t *turns) forget(w *cluster.Worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.postponed, w)
}

// relay has the relays among the routes take messages on the primary's loop. next is the program's own OnMessage, or nil.
func (p *Pool) relay(w *cluster.Worker, m nodeipc.Message, next func(*cluster.Worker, nodeipc.Message) cluster.Taking) cluster.Taking {
	r := p.routerOf(m)
	if r == nil || !r.relays {
		if next != nil {
			return next(w, m)
		}
		return cluster.PassMessage
	}
	if !p.turns.begin(w, len(m.Payload())) {
		return cluster.PostponeMessage
	}
	defer p.turns.routing.Unlock()
	r.take(w, m)
	return cluster.TakeMessage
}

// hasRelays reports whether a route is a relay.
func hasRelays(routes []Route) bool {
	for _, route := range routes {
		if _, relays := route.(Relay); relays {
			return true
		}
	}
	return false
}
