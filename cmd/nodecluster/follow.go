package main

import (
	"context"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// follower takes a pool's events.
type follower struct {
	stopping atomic.Bool // workers are asked to leave
	killed   atomic.Int32
	done     chan struct{}
}

func follow(workers *pool.Pool, log *eventLog) *follower {
	f := &follower{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		for event := range workers.Events(context.Background()) {
			f.take(event)
			log.event(event)
		}
	}()
	return f
}

func (f *follower) take(event cluster.Event) {
	if e, ok := event.(cluster.ExitEvent); ok && e.Status.Signal == syscall.SIGKILL && f.stopping.Load() {
		f.killed.Add(1)
	}
}

// wait waits for the last event of a closed pool, but not long for a log that nobody reads. It says whether that
// came; if not, the log takes nothing more.
func (f *follower) wait() bool {
	select {
	case <-f.done:
		return true
	case <-time.After(time.Second):
		return false
	}
}
