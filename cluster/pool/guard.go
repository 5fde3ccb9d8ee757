package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/usage"
)

const (
	// guardedFraction is from which part of the memory limit on the guard acts.
	guardedFraction = 0.9
	// watchedFraction is from which part on it looks more often.
	watchedFraction = 0.8
)

// How long the guard waits between two looks.
const (
	unlimitedPause = time.Minute // while there is no limit
	guardPause     = time.Second
	watchedPause   = 200 * time.Millisecond
)

// A guard replaces the largest worker before memory reaches its limit, where the kernel would kill workers, or all of the container.
type guard struct {
	*Pool
	fresh   map[int]int64 // by program, the least that its workers used when they began to listen
	retries retries
	helped  bool // since memory was close to its limit last, what could be done has helped
}

// guardMemory watches the memory until ctx ends.
func (p *Pool) guardMemory(ctx context.Context) {
	g := &guard{Pool: p, helped: true}
	for pressure := limits.ReadPressure(); sleep(ctx, guardPauseAt(pressure)); pressure = limits.ReadPressure() {
		if pressure.Limit == 0 {
			continue
		}
		workers, err := p.residents(ctx)
		if err != nil {
			return
		}
		sizes := g.measure(workers)
		now := time.Now()
		if pressure = limits.ReadPressure(); pressure.Fraction() < guardedFraction {
			g.retries.succeed()
			g.helped = true
		} else if g.retries.isDue(now) {
			g.relieve(ctx, pressure, sizes)
		}
	}
}

func guardPauseAt(p limits.Pressure) time.Duration {
	switch {
	case p.Limit == 0:
		return unlimitedPause
	case p.Fraction() >= watchedFraction:
		return watchedPause
	}
	return guardPause
}

// sized is a worker with what is free again when it has ended.
type sized struct {
	resident
	size int64
}

// measure reads the sizes of the workers. What new ones used before they had anything to do says what the next one will.
func (g *guard) measure(workers []resident) (sizes []sized) {
	g.fresh = map[int]int64{}
	for _, w := range workers {
		m, err := usage.Read(w.worker.Pid())
		if err != nil {
			continue // it has just ended
		}
		sizes = append(sizes, sized{w, m.Own})
		if least, known := g.fresh[w.program]; w.fresh > 0 && (!known || w.fresh < least) {
			g.fresh[w.program] = w.fresh
		}
	}
	return sizes
}

// relieve replaces the largest worker, if that helps.
func (g *guard) relieve(ctx context.Context, p limits.Pressure, sizes []sized) {
	at := fmt.Sprintf("%.0f %% of the memory limit of %d MiB are in use", 100*p.Fraction(), p.Limit>>20)
	largest, ok := g.largest(sizes)
	if !ok {
		if g.helped {
			g.helped = false
			g.tellFailure(ctx, nil, fmt.Errorf("pool: %s, and no worker uses much more than a new one: have fewer workers, or a higher limit", at))
		}
		return
	}
	replace := g.replace
	if p.Used+g.expected(largest.program) > p.Limit {
		replace = g.replaceOldFirst
	}
	err := replace(ctx, largest.worker, fmt.Sprintf("%s, of which it has the most, %d MiB", at, largest.size>>20))
	if err == nil && limits.ReadPressure().Used < p.Used {
		g.retries.succeed()
	} else if g.retries.fail(time.Now()) && err != nil {
		g.tellFailure(ctx, largest.worker, err)
	}
}

// largest is the worker that uses the most beyond what a new one would use. ok is false if none uses half as much again.
func (g *guard) largest(sizes []sized) (largest sized, ok bool) {
	var most int64
	for _, w := range sizes {
		if fresh := g.expected(w.program); w.size > fresh+fresh/2 && w.size-fresh > most {
			largest, most = w, w.size-fresh
		}
	}
	return largest, most > 0
}

// expected is how much a new worker of a program is taken to use.
func (g *guard) expected(program int) int64 {
	if fresh := g.fresh[program]; fresh > 0 {
		return fresh
	}
	return g.options.WorkerMemory
}
