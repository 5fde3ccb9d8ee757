package supervise

import (
	"sync/atomic"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

// follower takes a pool's events.
type follower struct {
	stopping atomic.Bool // workers are asked to leave
	killed   atomic.Int32
	done     chan struct{}
}

func follow(workers *pool.Pool, log *eventlog.Log) *follower {
	f := &follower{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		log.Follow(workers, f.take)
	}()
	return f
}

func (f *follower) take(event cluster.Event) {
	if e, ok := event.(cluster.ExitEvent); ok && e.Status.Signal == syscall.SIGKILL && f.stopping.Load() {
		f.killed.Add(1)
	}
}

// wait waits for the last event of a closed pool.
func (f *follower) wait() { <-f.done }
