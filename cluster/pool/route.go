package pool

import (
	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// A Route is the part of a library's protocol that the primary plays: which messages of workers it takes, and where they go. A program sets
// [Options.Routes]. Package [github.com/nodecluster/nodecluster/cluster/pool/routes] has those of libraries that need one.
//
// In the serialization advanced a route gets what every Node reads, and no other message: see [github.com/nodecluster/nodecluster/nodeipc/structuredclone.CheckPortable]. No route gets a
// request.
//
// A worker is not trusted: what a route keeps of what workers send it is to be bounded, and a message that breaks the protocol is to harm
// no other worker.
type Route interface {
	// Name is what counters and messages call the route, such as the library's name in npm.
	Name() string
	// Matches reports whether a message is one of the protocol. It is called with every message of every worker, and on several goroutines
	// at once, so it looks at a few bytes before it decodes anything: see [nodeipc.Message.Payload].
	Matches(m nodeipc.Message) bool
	// Take is called with each message that matches, in the order in which the worker has sent them. The calls of Take and Leave of a pool
	// come one at a time, so that it must not block: while it takes long, workers are held back that send more than 16 MiB. A [Relay] gets
	// most of them on the primary's loop. The message may be kept.
	Take(r *Router, from *cluster.Worker, m nodeipc.Message)
	// Leave is called once for every worker that has ended or lost its channel, after its last message.
	Leave(r *Router, w *cluster.Worker)
}

// RouteOf returns the route of a message, nil if no route takes it. It may be called from any goroutine.
func (p *Pool) RouteOf(m nodeipc.Message) Route {
	if r := p.routerOf(m); r != nil {
		return r.route
	}
	return nil
}

// RouteCounts are what a route has done since the pool was made.
type RouteCounts struct {
	Name    string
	Taken   uint64 // messages of workers
	Sent    uint64 // messages to workers
	Dropped uint64 // messages that were not sent, since a worker did not read
	Refused uint64 // messages of workers that not every Node can read, of those taken
}

// Routes returns the counts of each of Options.Routes, in their order. It may be called from any goroutine.
func (p *Pool) Routes() (all []RouteCounts) {
	for _, r := range p.routers {
		all = append(all, r.read())
	}
	return all
}
