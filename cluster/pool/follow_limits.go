package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
)

// limitsPause is how often the limits are read again.
const limitsPause = 5 * time.Second

// limitsFollower has the number of workers follow the limits.
type limitsFollower struct {
	*Pool
	read    func() limits.Limits
	pause   time.Duration
	last    limits.Limits
	retries retries
}

// followLimits scales the pool when the limits change, until ctx ends or [Pool.Scale] is called.
func (p *Pool) followLimits(ctx context.Context) {
	f := &limitsFollower{Pool: p, read: limits.Read, pause: limitsPause}
	f.follow(ctx)
}

func (f *limitsFollower) follow(ctx context.Context) {
	for sleep(ctx, f.pause) && !f.scaled.Load() {
		l := f.read()
		n, reason := l.Instances(f.options.WorkerMemory, f.options.others())
		switch before := f.Sizing(); {
		case n != before.Instances:
			f.scaleTo(ctx, n, reason)
		case l != f.last:
			f.ask(ctx, func() { f.resize(n, reason) }) // the heaps of workers to come
		}
		f.last = l
	}
}

// scaleTo has another number of workers run, as a limit allows.
func (f *limitsFollower) scaleTo(ctx context.Context, n int, reason string) {
	if !f.retries.isDue(time.Now()) {
		return
	}
	err := f.scale(ctx, n, reason)
	if err == nil {
		f.retries.succeed()
	} else if f.retries.fail(time.Now()) {
		f.tellFailure(ctx, nil, fmt.Errorf("%w; there are to be %d workers, as %s", err, n, reason))
	}
}
