package pool

import (
	"context"
	"iter"
	"slices"
	"sync"

	"github.com/nodecluster/nodecluster/cluster"
)

// Step is how far a change of a pool is.
type Step string

const (
	// Begun: the change has begun.
	Begun Step = "begun"
	// SuccessorStarted: a new worker was started.
	SuccessorStarted Step = "started"
	// SuccessorReady: it is ready.
	SuccessorReady Step = "ready"
	// Replaced: it has the place, and the worker before it, if there was one, is asked to leave.
	Replaced Step = "replaced"
	// Ended: all that was to be done is done. Workers that were asked to leave may still run.
	Ended Step = "ended"
	// Failed: the change has failed, or was cancelled, and what was there is there again.
	Failed Step = "failed"
	// Suspended: the worker gets no connections, as [cluster.Worker.SuspendConnections] says, for the Reason given.
	Suspended Step = "suspended"
	// Resumed: it gets connections again, or for the first time.
	Resumed Step = "resumed"
)

// Cause is why a pool replaces a worker by itself.
type Cause string

const (
	// CauseMemory: it uses more than [Options.MaxMemory].
	CauseMemory Cause = "memory"
	// CauseLifetime: it is as old as [Options.MaxLifetime] says.
	CauseLifetime Cause = "lifetime"
	// CauseConnections: it has had [Options.MaxConnections].
	CauseConnections Cause = "connections"
	// CauseGuard: it is the largest where memory is nearly used up.
	CauseGuard Cause = "guard"
	// CauseStartup: it has not passed [Options.Startup] in time.
	CauseStartup Cause = "startup"
	// CauseLiveness: it does not pass [Options.Liveness].
	CauseLiveness Cause = "liveness"
	// CauseLag: its event loop has stood still for longer than [Options.MaxLag].
	CauseLag Cause = "lag"
)

// Progress tells of a step of a reload, a restart, a scaling or the replacement of one worker, of a worker whose health has changed, and
// that the pool shuts down.
type Progress struct {
	// Change is what goes on: "reload", "restart", "scale" or "replace"; "spare", where a spare has the place of a worker that has ended,
	// and the step is Replaced; for Suspended and Resumed what it comes of, "startup", "readiness" or "lag"; or "shutdown".
	Change string
	// Reason is why the pool makes the change by itself, such as "it is 2h0m0s old" of a worker that is replaced, or "worker 3 has ended"
	// of a spare. It is empty for a change that a method was called for.
	Reason string
	// Cause is the kind of reason of a replacement, empty for other changes.
	Cause Cause
	Step  Step
	// Instance is the number of the place that the step is about, and -1 where it is about all.
	Instance int
	// Worker is the new one, where the step is about one.
	Worker *cluster.Worker
	// Err is why the change has failed.
	Err error
}

// maxProgress is how many steps may wait for a watcher. The oldest are dropped.
const maxProgress = 1024

// watchers are those who watch a pool's changes.
type watchers struct {
	mu  sync.Mutex
	all []*watcher
}

// watcher is one of them. The mu of all guards it.
type watcher struct {
	steps   []Progress
	arrival chan struct{}
}

// Progress are the steps of all reloads, restarts and scalings from the call on, until ctx or the loop ends or the pool has ended. They
// wait for a loop that is slow, the last 1024 of them.
func (p *Pool) Progress(ctx context.Context) iter.Seq[Progress] {
	w := p.watchers.add()
	stop := context.AfterFunc(ctx, func() { p.watchers.remove(w) })
	return func(yield func(Progress) bool) {
		defer p.watchers.remove(w)
		defer stop()
		for {
			ended := p.hasEnded() // before the last look
			for step, ok := p.watchers.take(w); ok; step, ok = p.watchers.take(w) {
				if !yield(step) {
					return
				}
			}
			if ended || ctx.Err() != nil {
				return
			}
			select {
			case <-w.arrival:
			case <-ctx.Done():
			case <-p.done:
			}
		}
	}
}

func (p *Pool) hasEnded() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// tell tells all watchers of a step.
func (p *Pool) tell(step Progress) {
	all := &p.watchers
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, w := range all.all {
		if len(w.steps) == maxProgress {
			w.steps = w.steps[1:]
		}
		w.steps = append(w.steps, step)
		select {
		case w.arrival <- struct{}{}:
		default:
		}
	}
}

func (all *watchers) add() *watcher {
	w := &watcher{arrival: make(chan struct{}, 1)}
	all.mu.Lock()
	defer all.mu.Unlock()
	all.all = append(all.all, w)
	return w
}

func (all *watchers) remove(w *watcher) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if i := slices.Index(all.all, w); i >= 0 {
		all.all = slices.Delete(all.all, i, i+1)
	}
}

// take takes the first step that waits for a watcher, if there is one.
func (all *watchers) take(w *watcher) (step Progress, ok bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(w.steps) == 0 {
		return step, false
	}
	step, w.steps = w.steps[0], w.steps[1:]
	return step, true
}
