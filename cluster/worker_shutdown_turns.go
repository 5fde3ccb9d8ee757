package cluster

import (
	"context"
	"slices"
	"sync"
	"time"
)

// signalTurns spread the signals of workers that are shut down together, and whose connections go on at half of the time, over the quarter
// that follows. The last quarter is for the last of them to close its connections in. A nil pointer is for a worker alone.
type signalTurns struct {
	quarter time.Duration // of the time that all have

	mu      sync.Mutex
	workers []*Worker // before the turns are known: all; then those that have one, in their order
	known   bool
}

// newSignalTurns are for workers that have the time until ctx's deadline.
func newSignalTurns(ctx context.Context) *signalTurns {
	deadline, _ := ctx.Deadline()
	return &signalTurns{quarter: time.Until(deadline) / 4}
}

// add is for a worker that is to be shut down. One that comes after half of the time waits for no turn.
func (t *signalTurns) add(w *Worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known {
		t.workers = append(t.workers, w)
	}
}

// wait is how long a worker waits for its turn, from half of the time on.
func (t *signalTurns) wait(w *Worker) time.Duration {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known {
		t.known = true
		t.workers = slices.DeleteFunc(t.workers, func(w *Worker) bool { return !w.goesOn() })
	}
	return t.waitOf(slices.Index(t.workers, w))
}

// waitOf is that of the worker with an index among those that have turns.
func (t *signalTurns) waitOf(i int) time.Duration {
	if i <= 0 {
		return 0
	}
	return t.quarter * time.Duration(i) / time.Duration(len(t.workers)-1)
}

// goesOn reports whether the worker has connections still, as far as is known, and has had no signal.
func (w *Worker) goesOn() bool {
	if w.signalled.Load() || w.IsDead() {
		return false
	}
	return w.life.now() != disconnectedAlive || w.leftFirst.Load()
}
