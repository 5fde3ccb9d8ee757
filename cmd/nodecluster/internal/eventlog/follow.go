package eventlog

import (
	"context"
	"errors"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// Follow writes the events of a pool, and calls take with each before, until the pool is closed.
func (l *Log) Follow(workers *pool.Pool, take func(cluster.Event)) {
	defer l.end()
	for {
		event, err := nextEvent(workers, l.due())
		now := time.Now()
		switch {
		case err == nil:
			take(event)
			l.follow(workers, event, now)
		case !errors.Is(err, context.DeadlineExceeded):
			return
		}
		l.tell(now)
	}
}

// Take writes an event of a worker, which is no message. It is for one goroutine at a time, and not beside Follow.
func (l *Log) Take(event cluster.Event) {
	now := time.Now()
	l.event(event, now)
	l.tell(now)
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

// follow writes an event. Messages of a route are somebody's, and are not written.
func (l *Log) follow(workers *pool.Pool, event cluster.Event, now time.Time) {
	if e, ok := event.(cluster.MessageEvent); ok {
		if workers.RouteOf(e.Message) != nil {
			e.Message.Release()
			return
		}
	}
	l.event(event, now)
}
