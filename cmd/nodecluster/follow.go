package main

import (
	"context"
	"errors"
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
		defer log.end()
		for {
			event, err := nextEvent(workers, log.due())
			now := time.Now()
			switch {
			case err == nil:
				f.take(event)
				log.event(event, now)
			case !errors.Is(err, context.DeadlineExceeded):
				return
			}
			log.tell(now)
		}
	}()
	return f
}

// nextEvent waits for the next event, but no longer than until the log has something to tell, if due is not zero.
func nextEvent(workers *pool.Pool, due time.Time) (cluster.Event, error) {
	ctx := context.Background()
	if !due.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, due)
		defer cancel()
	}
	return workers.Next(ctx)
}

func (f *follower) take(event cluster.Event) {
	if e, ok := event.(cluster.ExitEvent); ok && e.Status.Signal == syscall.SIGKILL && f.stopping.Load() {
		f.killed.Add(1)
	}
}

// wait waits for the last event of a closed pool.
func (f *follower) wait() { <-f.done }
