package pool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// A Router sends what a route has for workers. It never waits: of what a worker has not read, 16 MiB are kept beside what its channel holds,
// and further messages are dropped and counted. The first that is dropped since the worker has got one is an [cluster.ErrorEvent] that
// matches [nodeipc.ErrNotReading]. Its methods may be called from any goroutine.
type Router struct {
	pool                 *Pool
	route                Route
	taken, sent, dropped atomic.Uint64

	mu     sync.Mutex
	behind map[*cluster.Worker]bool // those of which the last message was dropped
}

// Workers are the workers that have a channel, by age.
func (r *Router) Workers() (connected []*cluster.Worker) {
	for _, w := range r.pool.primary.Workers() {
		if w.IsConnected() {
			connected = append(connected, w)
		}
	}
	return connected
}

// Tell sends a worker a message, what [cluster.Worker.Tell] takes, and reports whether it is on its way. [nodeipc.Message.Raw] is one that is
// passed on as it came. A worker gets the messages of all routes in the order of the calls.
func (r *Router) Tell(w *cluster.Worker, message any) bool {
	err := r.pool.outboxes.tell(w, message)
	switch {
	case err == nil:
		r.sent.Add(1)
		r.setBehind(w, false)
	case errors.Is(err, nodeipc.ErrDisconnected):
	default:
		r.dropped.Add(1)
		if r.setBehind(w, true) {
			r.pool.primary.EmitError(w, fmt.Errorf("pool: messages of %s for worker %d are dropped: %w", r.route.Name(), w.ID(), err))
		}
	}
	return err == nil
}

// Broadcast sends a message to all workers that have a channel but one, which may be nil.
func (r *Router) Broadcast(message any, except *cluster.Worker) {
	for _, w := range r.Workers() {
		if w != except {
			r.Tell(w, message)
		}
	}
}

// setBehind notes whether a message of a worker was dropped, and reports whether that is news.
func (r *Router) setBehind(w *cluster.Worker, behind bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.behind[w]
	if behind {
		r.behind[w] = true
	} else {
		delete(r.behind, w)
	}
	return behind && !was
}

func (r *Router) leave(w *cluster.Worker) {
	r.route.Leave(r, w)
	r.setBehind(w, false)
}

func (r *Router) read() RouteCounts {
	return RouteCounts{Name: r.route.Name(), Taken: r.taken.Load(), Sent: r.sent.Load(), Dropped: r.dropped.Load()}
}

// startRouting has the routes take messages until the primary is closed.
func (p *Pool) startRouting() {
	if len(p.options.Routes) == 0 {
		return
	}
	for _, route := range p.options.Routes {
		p.routers = append(p.routers, &Router{pool: p, route: route, behind: map[*cluster.Worker]bool{}})
	}
	p.outboxes.waiting = map[*cluster.Worker]*outbox{}
	messages := p.primary.Subscribe(cluster.MessageEvent{}, cluster.DisconnectEvent{})
	p.routing.Go(func() {
		for event := range messages.Events(context.Background()) {
			p.routeEvent(event)
		}
	})
}

// stopRouting waits for the end of what startRouting has begun, once the primary is closed.
func (p *Pool) stopRouting() {
	p.routing.Wait()
	p.outboxes.close()
}

func (p *Pool) routeEvent(event cluster.Event) {
	switch e := event.(type) {
	case cluster.MessageEvent:
		for _, r := range p.routers {
			if r.route.Matches(e.Message) {
				r.taken.Add(1)
				r.route.Take(r, e.Worker, e.Message)
				return
			}
		}
	case cluster.DisconnectEvent:
		for _, r := range p.routers {
			r.leave(e.Worker)
		}
	}
}
