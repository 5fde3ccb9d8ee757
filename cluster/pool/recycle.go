package pool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/usage"
)

const (
	// readingPause is how far apart readings of memory and of connections are.
	readingPause = time.Second
	// maxReadings is how many readings in a row above Options.MaxMemory a worker may have. One may be of a moment before a collection of
	// garbage.
	maxReadings = 3
	// lifetimeJitter is by what part of Options.MaxLifetime workers live shorter at most.
	lifetimeJitter = 0.1
)

// checkRecycling checks the options by which workers are replaced.
func (o *Options) checkRecycling() error {
	switch {
	case o.MaxMemory < 0:
		return fmt.Errorf("Options.MaxMemory is %d: use a number of bytes, or 0 for no limit", o.MaxMemory)
	case o.MaxLifetime < 0:
		return fmt.Errorf("Options.MaxLifetime is %v: use a longer duration, or 0 for no limit", o.MaxLifetime)
	case o.MaxConnections < 0:
		return fmt.Errorf("Options.MaxConnections is %d: use a number from 1 on, or 0 for no limit", o.MaxConnections)
	case o.MaxMemory > 0 && !usage.Supported:
		return fmt.Errorf("Options.MaxMemory: what a worker uses is told by Linux alone: %w", errors.ErrUnsupported)
	}
	return nil
}

// checkPolicy checks the options that depend on the scheduling policy.
func (o *Options) checkPolicy(policy cluster.SchedulingPolicy) error {
	if o.MaxConnections > 0 && policy != cluster.SchedRR && policy != cluster.SchedLeast {
		return fmt.Errorf("pool: Options.MaxConnections is %d: under the scheduling policy %q workers accept by themselves, and nobody counts that: use %q or %q",
			o.MaxConnections, policy, cluster.SchedRR, cluster.SchedLeast)
	}
	return nil
}

func (o *Options) recycles() bool {
	return o.MaxMemory > 0 || o.MaxLifetime > 0 || o.MaxConnections > 0
}

// recycler replaces workers that have used too much memory, are too old or have had too many connections.
type recycler struct {
	*Pool
	records map[*cluster.Worker]*record
	retries retries
}

// record is what is known of a worker.
type record struct {
	due      time.Time // when it is too old
	memory   int64     // as it was read last
	readings int       // in a row that were too high
}

// recycle replaces workers until ctx ends.
func (p *Pool) recycle(ctx context.Context) {
	r := &recycler{Pool: p, records: map[*cluster.Worker]*record{}}
	for sleep(ctx, r.pause(time.Now())) {
		workers, err := p.residents(ctx)
		if err != nil {
			return
		}
		r.update(workers, time.Now())
		r.replaceFirst(ctx, workers)
	}
}

// pause is how long there is nothing to do.
func (r *recycler) pause(now time.Time) time.Duration {
	if r.options.MaxMemory > 0 || r.options.MaxConnections > 0 {
		return readingPause
	}
	// Workers that come meanwhile live for longer than that.
	pause := min(r.options.MaxLifetime/4, time.Hour)
	for _, known := range r.records {
		pause = min(pause, max(known.due.Sub(now), r.retries.due.Sub(now)))
	}
	return max(pause, time.Millisecond)
}

// update reads what there is to know of the workers.
func (r *recycler) update(workers []resident, now time.Time) {
	before := r.records
	r.records = map[*cluster.Worker]*record{}
	for _, w := range workers {
		known := before[w.worker]
		if known == nil {
			known = &record{due: w.since.Add(lifetime(r.options.MaxLifetime, rand.Float64()))}
		}
		r.records[w.worker] = known
		if r.options.MaxMemory > 0 {
			m, err := usage.Read(w.worker.Pid())
			known.read(m.Resident, err == nil && m.Resident > r.options.MaxMemory)
		}
	}
}

// lifetime is how long a worker lives that has drawn a number from 0 to 1.
func lifetime(most time.Duration, drawn float64) time.Duration {
	return most - time.Duration(float64(most)*lifetimeJitter*drawn)
}

// read takes a reading of the worker's memory into account.
func (known *record) read(memory int64, isTooHigh bool) {
	known.memory = memory
	if known.readings++; !isTooHigh {
		known.readings = 0
	}
}

// replaceFirst replaces the first worker for which there is a reason. The others follow at the next readings.
func (r *recycler) replaceFirst(ctx context.Context, workers []resident) {
	now := time.Now()
	if !r.retries.isDue(now) {
		return
	}
	for _, w := range workers {
		cause, reason := r.reason(w, now)
		if cause == "" {
			continue
		}
		err := r.replace(ctx, w.worker, cause, reason)
		if err == nil {
			r.retries.succeed()
		} else if r.retries.fail(time.Now()) {
			r.tellFailure(ctx, w.worker, fmt.Errorf("%w; worker %d goes on, though %s", err, w.worker.ID(), reason))
		}
		return
	}
}

// reason is why a worker is to be replaced, as a cause and in words, both "" if it is not.
func (r *recycler) reason(w resident, now time.Time) (cause Cause, reason string) {
	o, known := &r.options, r.records[w.worker]
	switch {
	case known.readings >= maxReadings:
		return CauseMemory, fmt.Sprintf("it uses %d MiB of memory", known.memory>>20)
	case o.MaxLifetime > 0 && !now.Before(known.due):
		return CauseLifetime, fmt.Sprintf("it is %v old", rounded(now.Sub(w.since)))
	case o.MaxConnections > 0:
		if n := w.worker.Accepted(); n >= o.MaxConnections {
			return CauseConnections, fmt.Sprintf("it has had %d connections", n)
		}
	}
	return "", ""
}

// rounded is a duration for people.
func rounded(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}
