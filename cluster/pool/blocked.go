package pool

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cluster"
)

// hearBlocked is for a worker whose event loop stands still. It gets no connections until that moves.
func (p *Pool) hearBlocked(e cluster.BlockedEvent) {
	t := p.tenantOf(e.Worker)
	if t == nil {
		return // it leaves
	}
	reason := fmt.Sprintf("it has not moved for %v", rounded(e.For))
	p.changeTenant(t, "lag", func() string {
		t.blocked = true
		return reason
	})
	if place := p.triedIn(e.Worker); place != nil && place.next == proving {
		p.endTrial(place, fmt.Errorf("the new worker %d does not go on: %s", e.Worker.ID(), reason))
		return
	}
	if p.options.ReplaceBlocked {
		r := &replacer{pool: p, worker: e.Worker, cause: CauseLag, running: &p.endings}
		r.set(true, reason)
		p.blocked[e.Worker] = r
	}
}

// hearUnblocked is for a worker whose event loop moves again.
func (p *Pool) hearUnblocked(w *cluster.Worker) {
	p.keepBlocked(w)
	if t := p.tenantOf(w); t != nil {
		p.changeTenant(t, "lag", func() string {
			t.blocked = false
			return "it goes on"
		})
	}
}

// keepBlocked is for a worker for which there is no reason any more to be replaced as one that is blocked.
func (p *Pool) keepBlocked(w *cluster.Worker) {
	if r := p.blocked[w]; r != nil {
		r.set(false, "")
		delete(p.blocked, w)
	}
}
