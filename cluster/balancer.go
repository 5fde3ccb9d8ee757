package cluster

import "time"

// A Balancer chooses the workers that get the connections of one listening socket. The primary makes one for each socket
// ([Settings.NewBalancer]) and calls its methods on its loop, one at a time; they must not block.
type Balancer interface {
	// Join tells of a worker that serves the socket from now on.
	Join(*Member)
	// Leave tells of one that does so no longer. It does not come back: its successor is another Member.
	Leave(*Member)
	// Changed tells that what the methods of a member say has changed: a connection is on its way to it, or was answered.
	Changed(*Member)
	// Next chooses the member for a connection. While it chooses one that is not available, the connection waits for that
	// one, for as long as it serves the socket, and up to 1024 connections do so; while it gives nil, all wait until some
	// member has changed.
	Next(Connection) *Member
}

// Connection is a client's connection that was accepted and waits for a worker.
type Connection struct{ fd int }

// A Member is a worker as one that serves a certain listening socket. Its methods may be called on the primary's loop
// only, which is where a [Balancer] is called.
type Member struct {
	// Data is the balancer's own.
	Data any

	dealer *dealer
	worker *Worker

	inFlight  int
	window    int // how many may be in flight
	latency   time.Duration
	measured  time.Duration // when latency was
	resting   time.Duration
	suspended bool
	gone      bool
	counted   bool  // among those that are available
	held      []int // connections that wait for this member
	place     place
}

// Worker is the worker itself.
func (m *Member) Worker() *Worker { return m.worker }

// InFlight is how many connections were sent to the worker and not answered yet.
func (m *Member) InFlight() int { return m.inFlight }

// Available says whether a connection that is given to the worker would go to it at once: it has answered enough of those
// that it got, and its channel is not full.
func (m *Member) Available() bool { return !m.gone && !m.suspended && m.inFlight < m.window }

// Latency is how long the worker takes to answer for a connection, which is how long its event loop keeps things waiting:
// the longest time lately, which fades by half every second.
func (m *Member) Latency() time.Duration { return m.latencyAt(m.dealer.now()) }
