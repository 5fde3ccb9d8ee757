package pool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// A replacer replaces one worker as long as there is a reason. Its method is for one goroutine. Replacements that are under way count as
// running, also once there is no reason any more.
type replacer struct {
	pool    *Pool
	worker  *cluster.Worker
	cause   Cause
	halt    context.CancelFunc // nil while there is no reason
	running *sync.WaitGroup
}

// set says whether the worker is to be replaced, and why.
func (r *replacer) set(is bool, reason string) {
	switch {
	case is && r.halt == nil:
		var ctx context.Context
		ctx, r.halt = context.WithCancel(context.Background())
		r.running.Go(func() { r.pool.replaceUntilDone(ctx, r.worker, r.cause, reason) })
	case !is && r.halt != nil:
		r.halt()
		r.halt = nil
	}
}

// replaceUntilDone replaces a worker, and tries again later and later while that fails, until ctx ends. A replacement that is under way by
// then goes on.
func (p *Pool) replaceUntilDone(ctx context.Context, w *cluster.Worker, cause Cause, reason string) {
	var again retries
	for {
		err := p.replace(context.Background(), w, cause, reason)
		if err == nil || errors.Is(err, cluster.ErrClosed) {
			return
		}
		if again.fail(time.Now()) {
			p.tellFailure(ctx, w, fmt.Errorf("%w; worker %d goes on: %s", err, w.ID(), reason))
		}
		if !sleep(ctx, time.Until(again.due)) {
			return
		}
	}
}
