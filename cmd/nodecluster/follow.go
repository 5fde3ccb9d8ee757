package main

import (
	"context"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// follower takes a pool's events.
type follower struct {
	stopping atomic.Bool // workers are asked to leave
	killed   atomic.Int32
	done     chan struct{}
}

func follow(pool *cluster.Pool, log *eventLog) *follower {
	f := &follower{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		for event := range pool.Events(context.Background()) {
			f.take(event)
			log.event(event)
		}
	}()
	return f
}

func (f *follower) take(event cluster.Event) {
	switch e := event.(type) {
	case cluster.MessageEvent:
		if e.Message.Handle != nil {
			e.Message.Handle.Close()
		}
	case cluster.ExitEvent:
		if e.Status.Signal == syscall.SIGKILL && f.stopping.Load() {
			f.killed.Add(1)
		}
	}
}

// wait waits for the last event of a closed pool, but not long for a log that nobody reads. It reports whether that
// came; if not, the log takes nothing more.
func (f *follower) wait() bool {
	select {
	case <-f.done:
		return true
	case <-time.After(time.Second):
		return false
	}
}
