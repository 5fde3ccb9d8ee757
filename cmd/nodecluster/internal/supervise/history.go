package supervise

import (
	"errors"
	"iter"
	"maps"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// history is what has happened to an application: its last change, and how often workers had successors and why.
type history struct {
	mu       sync.Mutex
	change   *control.Change // the last one, or the one under way
	restarts map[string]int  // by why
	reloads  map[string]int  // by how they ended
	state    control.State
	changed  time.Time // when the state was first seen
}

// follow takes the steps of changes, until the pool has ended.
func (h *history) follow(steps iter.Seq[pool.Progress], workers *pool.Pool) {
	for step := range steps {
		h.take(step, workers.Sizing().Instances)
	}
}

// countExit counts the end of a worker, if it was not asked to leave.
func (h *history) countExit(e cluster.ExitEvent) {
	switch {
	case e.Worker.ExitedAfterDisconnect():
	case e.Status.Signal != 0:
		h.count(&h.restarts, "signal")
	default:
		h.count(&h.restarts, "exit")
	}
}

func (h *history) count(in *map[string]int, what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if *in == nil {
		*in = map[string]int{}
	}
	(*in)[what]++
}

// take takes a step of a change.
func (h *history) take(p pool.Progress, instances int) {
	switch {
	case p.Change == "reload" && p.Step == pool.Ended:
		h.count(&h.reloads, "done")
	case p.Change == "reload" && p.Step == pool.Failed:
		h.count(&h.reloads, "failed")
	case p.Change == "replace" && p.Step == pool.Replaced:
		h.count(&h.restarts, string(p.Cause))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.Step == pool.Begun && p.Change != "spare" {
		h.change = &control.Change{Kind: p.Change, Reason: p.Reason, Begun: time.Now(), Total: instances}
		if p.Instance >= 0 {
			h.change.Total = 1
		}
		return
	}
	c := h.change
	if c == nil || c.Kind != p.Change {
		return
	}
	switch p.Step {
	case pool.Replaced:
		c.Done++
		c.Replaced = append(c.Replaced, p.Instance)
	case pool.Ended:
		c.Ended = time.Now()
	case pool.Failed:
		c.Ended = time.Now()
		c.Error = describeFailure(p.Err)
		if failed := (*pool.InstanceError)(nil); errors.As(p.Err, &failed) {
			c.Output = failed.Output
		}
	}
}

// begin is for a change that is no pool's.
func (h *history) begin(kind string, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.change = &control.Change{Kind: kind, Begun: at}
}

// end is the end of the change that was begun last, if it is of that kind.
func (h *history) end(kind string, replaced []int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.change
	if c == nil || c.Kind != kind {
		return
	}
	c.Ended, c.Replaced, c.Done, c.Total = time.Now(), replaced, len(replaced), len(replaced)
	if err != nil {
		c.Error = describeFailure(err)
	}
}

// reloading is for a reload of an Egg application.
func (h *history) reloading(e egg.ReloadEvent) {
	switch {
	case !e.Ended:
		h.begin("reload", time.Now())
		return
	case e.Err != nil:
		h.count(&h.reloads, "failed")
	default:
		h.count(&h.reloads, "done")
	}
	h.end("reload", e.Replaced, e.Err)
}

// last is the last change, or the one that is under way, nil if there was none.
func (h *history) last() *control.Change {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.change == nil {
		return nil
	}
	c := *h.change
	return &c
}

// counts are how often workers had successors, by why, and how reloads have ended.
func (h *history) counts() (restarts, reloads map[string]int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.restarts), maps.Clone(h.reloads)
}

// since is when a state was first seen that is seen now. The application has been in the first one since it was started.
func (h *history) since(state control.State, started time.Time) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if state != h.state {
		h.changed = time.Now()
		if h.state == "" {
			h.changed = started
		}
		h.state = state
	}
	return h.changed
}

// failed is for a change that has failed before it has begun.
func (h *history) failed(kind string, begun time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.change == nil || h.change.Begun.Before(begun) {
		h.change = &control.Change{Kind: kind, Begun: begun, Ended: time.Now(), Error: describeFailure(err)}
	}
}

func (h *history) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.restarts, h.reloads = nil, nil
}
