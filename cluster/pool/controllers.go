package pool

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/usage"
)

// startControllers starts the goroutines that watch the workers, each for one thing, and have the pool changed when it asks for that. They
// go on until ctx ends. What they know they ask of the supervisor, by ask, and what they change is a change like any other.
func (p *Pool) startControllers(ctx context.Context) {
	for _, control := range p.controllers() {
		p.endings.Go(func() { control(ctx) })
	}
}

// controllers are those that the options ask for.
func (p *Pool) controllers() (all []func(context.Context)) {
	if p.options.recycles() {
		all = append(all, p.recycle)
	}
	if p.options.ReloadSchedule != "" {
		all = append(all, p.followSchedule)
	}
	if usage.Supported && !p.options.NoMemoryGuard {
		all = append(all, p.guardMemory)
	}
	if runtime.GOOS == "linux" && p.options.Instances == 0 {
		all = append(all, p.followLimits)
	}
	if p.options.Autoscale.isOn() {
		all = append(all, p.autoscale)
	}
	return all
}

// A resident is a worker that has a place.
type resident struct {
	worker  *cluster.Worker
	since   time.Time     // when it was started
	program int           // its index among the settings of the pool
	fresh   int64         // bytes of memory that it used when it began to listen, 0 if that is not known
	boot    time.Duration // how long it took to be ready, 0 if it is not
}

// residents are the workers that run, by their places. Those that are tried in one are not among them.
func (p *Pool) residents(ctx context.Context) (all []resident, err error) {
	err = p.ask(ctx, func() {
		for _, place := range p.places {
			if place.stage == filled {
				all = append(all, resident{place.worker, place.since, place.program, place.fresh, place.boot})
			}
		}
	})
	return all, err
}

// sleep waits, and reports whether ctx has not ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tellFailure tells of a change that a controller wanted and that has failed, unless the pool has ended.
func (p *Pool) tellFailure(ctx context.Context, w *cluster.Worker, err error) {
	if ctx.Err() == nil && !errors.Is(err, cluster.ErrClosed) {
		p.primary.EmitError(w, err)
	}
}
