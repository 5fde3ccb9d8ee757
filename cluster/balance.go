package cluster

// A Balancer chooses the workers that get the connections of one listening socket. The primary makes one for each socket
// ([Settings.NewBalancer]) and calls its methods on its loop, one at a time; they must not block.
type Balancer interface {
	// Join tells of a worker that serves the socket from now on.
	Join(*Target)
	// Leave tells of one that does so no longer. It does not come back: its successor is another Target.
	Leave(*Target)
	// Changed tells that what the methods of a target say has changed: a connection is on its way to it, or was answered.
	Changed(*Target)
	// Next chooses the target for a connection. While it chooses one that is not available, the connection waits for that
	// one, for as long as it serves the socket, and up to 1024 connections do so; while it gives nil, all wait until some
	// target has changed.
	Next(Connection) *Target
}

// Connection is a client's connection that was accepted and waits for a worker.
type Connection struct{ fd int }
