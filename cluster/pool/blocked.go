package pool

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// How often it is looked which workers are blocked, of Options.MaxLag and within these bounds.
const (
	looksPerLag = 4
	minLagLook  = 10 * time.Millisecond
	maxLagLook  = time.Second
)

// maxLagPeriod is how often the lag of workers is measured at least where there is an Options.MaxLag. That costs less than 0.1 % of a CPU for
// 100 workers.
const maxLagPeriod = 10 * time.Second

// lagPeriod is how often the lag is measured. A worker that blocks just after it was measured is found out that much later.
func lagPeriod(maxLag time.Duration) time.Duration { return min(maxLag, maxLagPeriod) }

// A lagWatch knows which workers are blocked.
type lagWatch struct {
	pool    *Pool
	blocked map[*cluster.Worker]*replacer
	running sync.WaitGroup
}

// watchLag keeps connections from workers that are blocked, until ctx ends.
func (p *Pool) watchLag(ctx context.Context) {
	l := &lagWatch{pool: p, blocked: map[*cluster.Worker]*replacer{}}
	defer l.end()
	pause := min(max(p.options.MaxLag/looksPerLag, minLagLook), maxLagLook)
	for last := time.Now(); sleep(ctx, pause); last = time.Now() {
		// What has kept this process from going on may have kept the workers too.
		if time.Since(last)-pause < p.options.MaxLag/2 {
			l.look(ctx)
		}
	}
}

// look has the workers suspended that are blocked by now, and those resumed that are not any more.
func (l *lagWatch) look(ctx context.Context) {
	blocked := l.pool.primary.Blocked(l.pool.options.MaxLag)
	for w, replaces := range l.blocked {
		if !slices.Contains(blocked, w) {
			replaces.set(false, "")
			delete(l.blocked, w)
			l.pool.setBlocked(ctx, w, false, "it goes on")
		}
	}
	for _, w := range blocked {
		if l.blocked[w] != nil {
			continue
		}
		l.blocked[w] = &replacer{pool: l.pool, worker: w, running: &l.running}
		reason := fmt.Sprintf("it has not moved for %v", rounded(w.BlockedFor()))
		if l.pool.setBlocked(ctx, w, true, reason) && l.pool.options.ReplaceBlocked {
			l.blocked[w].set(true, reason)
		}
	}
}

func (l *lagWatch) end() {
	for _, replaces := range l.blocked {
		replaces.set(false, "")
	}
	l.running.Wait()
}

// setBlocked says whether a worker is blocked, and reports whether it is one of the pool's that does not leave.
func (p *Pool) setBlocked(ctx context.Context, w *cluster.Worker, blocked bool, reason string) (is bool) {
	p.ask(ctx, func() {
		if t := p.tenantOf(w); t != nil {
			is = true
			p.changeTenant(t, "lag", func() string {
				t.blocked = blocked
				return reason
			})
		}
	})
	return is
}
