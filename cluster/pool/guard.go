package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/usage"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
)

const (
	// guardedFraction is from which part of the memory limit on the guard acts.
	guardedFraction = 0.9
	// watchedFraction is from which part on it looks more often, and may act if memory grows fast.
	watchedFraction = 0.8
	// urgentFraction is which part is not to be reached at all.
	urgentFraction = 0.97
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
	fresh   map[int]int64         // by program, the least that its workers used when they began to listen
	boots   map[int]time.Duration // by program, how long its last worker took to be ready
	growth  growth
	retries retries
	rests   rests
	acted   bool // since memory was close to its limit last, a worker was replaced
	helped  bool // and what could be done has helped
}

// guardMemory watches the memory until ctx ends.
func (p *Pool) guardMemory(ctx context.Context) {
	g := &guard{Pool: p, helped: true}
	for o := (outlook{Pressure: limits.ReadPressure()}); sleep(ctx, o.pause()); {
		if o.Pressure = limits.ReadPressure(); o.Limit == 0 {
			continue
		}
		workers, err := p.residents(ctx)
		if err != nil {
			return
		}
		now := time.Now()
		sizes := g.measure(workers)
		o = g.outlook(now, limits.ReadPressure(), grownUp(sizes, now))
		if g.isDue(o, now) {
			g.relieve(ctx, o, sizes)
		}
	}
}

// outlook is that of workers with these sizes, but for their successors.
func (g *guard) outlook(now time.Time, p limits.Pressure, sizes map[*cluster.Worker]int64) outlook {
	return outlook{Pressure: p, growth: g.growth.add(now, sizes), leave: max(time.Duration(g.leaveTime.Load()), leastMoment)}
}

// forWorker is the outlook with the successor of a worker.
func (g *guard) forWorker(o outlook, w sized) outlook {
	o.fresh, o.boot = g.expected(w.program), max(g.boots[w.program], leastMoment)
	return o
}

// isDue reports whether a worker is to be replaced now.
func (g *guard) isDue(o outlook, now time.Time) bool {
	switch {
	case o.isUrgent():
	case o.isClose() && !g.rests.isOver(now) && !g.acted:
		return false
	case !o.isClose():
		if g.acted {
			g.rests.begin(now)
		}
		g.retries.succeed()
		g.acted, g.helped = false, true
		return false
	}
	return g.retries.isDue(now)
}

// sized is a worker with what is free again when it has ended.
type sized struct {
	resident
	size int64
}

// measure reads the sizes of the workers. What new ones used before they had anything to do says what the next one will.
func (g *guard) measure(workers []resident) (sizes []sized) {
	g.fresh, g.boots = map[int]int64{}, map[int]time.Duration{}
	youngest := map[int]time.Time{}
	for _, w := range workers {
		m, err := usage.Read(w.worker.Pid())
		if err != nil {
			continue // it has just ended
		}
		sizes = append(sizes, sized{w, m.Own})
		if least, known := g.fresh[w.program]; w.fresh > 0 && (!known || w.fresh < least) {
			g.fresh[w.program] = w.fresh
		}
		if w.boot > 0 && w.since.After(youngest[w.program]) {
			youngest[w.program], g.boots[w.program] = w.since, w.boot
		}
	}
	return sizes
}

// grownUp are the sizes of the workers that have started: until then each grows.
func grownUp(sizes []sized, now time.Time) map[*cluster.Worker]int64 {
	all := map[*cluster.Worker]int64{}
	for _, w := range sizes {
		if w.boot > 0 || now.Sub(w.since) >= startUp {
			all[w.worker] = w.size
		}
	}
	return all
}

// relieve replaces the largest worker, if that helps.
func (g *guard) relieve(ctx context.Context, o outlook, sizes []sized) {
	largest, ok := g.largest(sizes)
	if !ok {
		if g.helped && o.isClose() {
			g.helped = false
			g.tellFailure(ctx, nil, fmt.Errorf("pool: %s, and no worker uses much more than a new one: have fewer workers, or a higher limit", o))
		}
		return
	}
	replace := g.replace
	if !g.forWorker(o, largest).hasRoom() {
		replace = g.replaceOldFirst
	}
	err := replace(ctx, largest.worker, CauseGuard, fmt.Sprintf("%s, of which it has the most, %d MiB", o, largest.size>>20))
	g.acted = g.acted || err == nil
	if err == nil && limits.ReadPressure().Used < o.Used {
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
