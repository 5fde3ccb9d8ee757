package pool

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// A Router sends what a route has for workers. It never waits: of what a worker has not read, 16 MiB are kept beside what its channel holds,
// and further messages are dropped and counted. An [cluster.ErrorEvent] that matches [nodeipc.ErrNotReading] tells of the first, and another
// one of how many there were, once the worker reads again. Its methods may be called from any goroutine.
type Router struct {
	pool   *Pool
	route  Route
	relays bool

	taken, sent, dropped, refused atomic.Uint64
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

// Tell sends a worker a message, what [cluster.Worker.Tell] takes, and reports whether it is on its way. A [nodeipc.Message] is passed on as
// it came. A worker gets the messages of all routes in the order of the calls.
func (r *Router) Tell(w *cluster.Worker, message any) bool {
	err := r.pool.outboxes.tell(w, message)
	switch {
	case err == nil:
		r.sent.Add(1)
	case !errors.Is(err, nodeipc.ErrDisconnected):
		r.dropped.Add(1)
	}
	return err == nil
}

// Offer is Tell where the worker's channel has room at once, and else sends nothing and counts nothing: it is for what can go elsewhere. What
// was told before and waits may come after it. All that a worker was offered comes to it before it is asked to leave.
func (r *Router) Offer(w *cluster.Worker, message any) bool {
	if w.Tell(message) != nil {
		return false
	}
	r.sent.Add(1)
	return true
}

// Broadcast sends a message to all workers that have a channel but one, which may be nil.
func (r *Router) Broadcast(message any, except *cluster.Worker) {
	for _, w := range r.Workers() {
		if w != except {
			r.Tell(w, message)
		}
	}
}

func (r *Router) read() RouteCounts {
	return RouteCounts{
		Name: r.route.Name(), Taken: r.taken.Load(), Sent: r.sent.Load(), Dropped: r.dropped.Load(), Refused: r.refused.Load(),
	}
}

// startRouting has the routes take messages until the primary is closed.
func (p *Pool) startRouting() {
	if len(p.options.Routes) == 0 {
		return
	}
	for _, route := range p.options.Routes {
		_, relays := route.(Relay)
		p.routers = append(p.routers, &Router{pool: p, route: route, relays: relays})
	}
	messages := p.primary.Subscribe(cluster.MessageEvent{}, cluster.PostponedEvent{}, cluster.DisconnectEvent{})
	messages.KeepAll()
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
	p.turns.routing.Lock()
	defer p.turns.routing.Unlock()
	switch e := event.(type) {
	case cluster.MessageEvent:
		if r := p.routerOf(e.Message); r != nil {
			r.take(e.Worker, e.Message)
		}
	case cluster.PostponedEvent:
		if r := p.routerOf(e.Message); r != nil {
			r.take(e.Worker, e.Message)
		}
		p.turns.end(e.Worker)
	case cluster.DisconnectEvent:
		p.turns.forget(e.Worker)
		for _, r := range p.routers {
			r.route.Leave(r, e.Worker)
		}
		delete(p.unreadable, e.Worker)
		p.outboxes.leave(e.Worker)
	}
}

// routerOf is the router of the route that takes a message, nil if none does. A request is a program's own, and no route's.
func (p *Pool) routerOf(m nodeipc.Message) *Router {
	if m.IsRequest() {
		return nil
	}
	for _, r := range p.routers {
		if r.route.Matches(m) {
			return r
		}
	}
	return nil
}

// take gives the route a message, unless a worker that the message is passed on to might not be able to read it, and would end.
func (r *Router) take(from *cluster.Worker, m nodeipc.Message) {
	r.taken.Add(1)
	if err := checkReadable(m.Payload()); err != nil {
		r.refused.Add(1)
		r.pool.tellUnreadable(from, err)
		return
	}
	r.route.Take(r, from, m)
}

// checkReadable is nil for JSON, which is checked as it comes.
func checkReadable(payload []byte) error {
	if len(payload) == 0 || payload[0] != structuredclone.FirstByte {
		return nil
	}
	return structuredclone.CheckPortable(payload)
}

// tellUnreadable tells of the first message of a worker that is dropped for it.
func (p *Pool) tellUnreadable(from *cluster.Worker, err error) {
	if !p.unreadable[from] {
		p.unreadable[from] = true
		p.primary.EmitError(from, fmt.Errorf("pool: messages of worker %d are not passed on that not every Node can read: %w", from.ID(), err))
	}
}
