package cluster

import (
	"fmt"
	"io"
)

// A Balancer chooses the workers that get the connections of one listening socket. The primary makes one for each socket
// ([Settings.NewBalancer]) and calls its methods on its loop, one at a time.
//
// They must not block: while one does, no worker is heard and no connection is handed out. They may call what returns at once:
// [Primary.Workers], [Primary.Worker], [Primary.Settings], [Primary.Setup], and the methods of a [Worker] but Shutdown. Those of
// them that wait elsewhere fail there: Send returns an error that matches [nodeipc.ErrNotReading] where the worker does not read,
// and Request returns an error. What else waits panics; see [Primary].
//
// A Balancer that is an [io.Closer] is closed when its socket is, after the last of its targets has left. An error of Close
// becomes an [ErrorEvent].
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

// closeBalancer has a balancer release what it holds.
func (p *Primary) closeBalancer(b Balancer) {
	c, ok := b.(io.Closer)
	if !ok {
		return
	}
	if err := c.Close(); err != nil {
		p.events.emit(ErrorEvent{Err: fmt.Errorf("cluster: close a balancer: %w", err)})
	}
}

// Connection is a client's connection that was accepted and waits for a worker.
type Connection struct{ fd int }
