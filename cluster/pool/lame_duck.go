package pool

import (
	"context"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// Ready reports whether clients are to be sent here: at least one worker listens and, with Options.Readiness, passes the probe; it is not
// blocked, as Options.MaxLag says; and the pool is not shut down. It is what a load balancer asks for. A pool whose workers listen on
// nothing is never ready.
func (p *Pool) Ready() bool { return p.readyWhere(func(*cluster.Worker) bool { return true }) }

// ReadyWithin is Ready, but for workers whose event loops have not moved for lag or longer, as [cluster.Worker.BlockedFor] tells where
// there is a [cluster.Settings.LagPeriod]: these do not count. It does not wait for any worker.
func (p *Pool) ReadyWithin(lag time.Duration) bool {
	return p.readyWhere(func(w *cluster.Worker) bool { return w.BlockedFor() < lag })
}

func (p *Pool) readyWhere(counts func(*cluster.Worker) bool) (ready bool) {
	p.mu.Lock()
	isLeaving := p.leaving != nil
	p.mu.Unlock()
	if !isLeaving {
		p.ask(context.Background(), func() { ready = p.hasReady(counts) })
	}
	return ready
}

func (p *Pool) hasReady(counts func(*cluster.Worker) bool) bool {
	for _, place := range p.places {
		if place.stage == filled && len(place.listens) > 0 && !p.isSuspended(&place.tenant) && counts(place.worker) {
			return true
		}
	}
	return false
}

// beLameDuck waits for Options.LameDuck, unless the pool has ended. The second call ends the wait of the first.
func (p *Pool) beLameDuck(ctx context.Context) {
	hurry, waits := p.leave()
	if !waits || p.options.LameDuck == 0 || p.hasEnded() {
		return
	}
	p.tell(Progress{Change: "shutdown", Step: Begun, Instance: allInstances})
	timer := time.NewTimer(p.options.LameDuck)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry:
	case <-p.done:
	case <-ctx.Done():
	}
}

// leave has the pool not be ready any more. It reports whether the call is the first one, of a pool that runs. The channel is closed by the
// second call.
func (p *Pool) leave() (hurry <-chan struct{}, waits bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.leaving == nil:
		p.leaving = make(chan struct{})
		return p.leaving, p.started
	case !p.hurried:
		p.hurried = true
		close(p.leaving)
	}
	return p.leaving, false
}
