package pool

import (
	"context"
	"fmt"
	"time"
)

// autoscaler has the number of workers follow the load.
type autoscaler struct {
	*Pool
	scaler  *scaler
	pause   time.Duration // between two readings
	begun   time.Time
	retries retries
}

// autoscale scales the pool until ctx ends.
func (p *Pool) autoscale(ctx context.Context) {
	a := &autoscaler{Pool: p, scaler: newScaler(p.options.Autoscale), pause: readingPause, begun: time.Now()}
	a.run(ctx)
}

func (a *autoscaler) run(ctx context.Context) {
	for sleep(ctx, a.pause) {
		r, err := a.measure(ctx)
		if err != nil {
			return
		}
		n := a.Sizing().Instances
		if to, reason := a.scaler.read(r, n); to != n && a.retries.isDue(time.Now()) {
			a.scaleTo(ctx, n, to, reason)
		}
	}
}

func (a *autoscaler) scaleTo(ctx context.Context, from, to int, reason string) {
	if err := a.scale(ctx, to, reason); err != nil {
		if a.retries.fail(time.Now()) {
			a.tellFailure(ctx, nil, fmt.Errorf("%w; there are to be %d workers, as %s", err, to, reason))
		}
		return
	}
	a.retries.succeed()
	a.scaler.scaled(from, to, time.Since(a.begun))
}

// measure reads the load of the pool's own workers.
func (a *autoscaler) measure(ctx context.Context) (r loadReading, err error) {
	workers, err := a.residents(ctx)
	if err != nil {
		return r, err
	}
	var lags []time.Duration
	for _, w := range workers {
		if w.program == 0 {
			lags = append(lags, w.worker.Lag().Last)
		}
	}
	return loadReading{time.Since(a.begun), median(lags), a.primary.Waiting()}, nil
}
