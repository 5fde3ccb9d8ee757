package cluster

import (
	"fmt"
	"io"
)

// A Balancer chooses the workers that get the connections of one listening socket. [Settings.NewBalancer] makes one for each socket.
// The primary calls its methods on its loop, one at a time.
//
// The methods must not block: while one does, no worker is heard and no connection is handed out. They may call
// [Primary.Workers], [Primary.Worker], [Primary.Settings], [Primary.Setup], and the methods of a [Worker] but Shutdown, Dial,
// SuspendConnections and ResumeConnections. Of these, Send returns an error that matches [nodeipc.ErrNotReading] where elsewhere it would
// wait for the worker to read, and Request always returns an error. The others, and other methods of [Primary], would wait for the loop,
// and panic.
//
// A Balancer that is also an [io.Closer] is closed when its socket is, after the last of its targets has left. If Close returns an
// error, an [ErrorEvent] tells it.
type Balancer interface {
	// Join is called when a worker begins to serve the socket.
	Join(*Target)
	// Leave is called when a worker serves the socket no longer. The Target does not come back: a worker's successor has
	// another.
	Leave(*Target)
	// Changed is called when what the methods of a target return has changed: a connection was sent to it, say, or was answered.
	Changed(*Target)
	// Next chooses the target for a connection. If that is not available, the connection waits for it as long as it serves the
	// socket. When 1024 connections wait so, no further one is accepted. If Next returns nil, all connections wait until a
	// target has changed.
	Next(Connection) *Target
}

// closeBalancer closes a balancer that is an io.Closer.
func (p *Primary) closeBalancer(b Balancer) {
	c, ok := b.(io.Closer)
	if !ok {
		return
	}
	if err := c.Close(); err != nil {
		p.events.emit(ErrorEvent{Err: fmt.Errorf("cluster: close a balancer: %w", err)})
	}
}

// A Connection is a client's connection that was accepted and has no worker yet.
type Connection struct {
	fd      int
	key     uint32 // of package rendezvous, if hasKey
	hasKey  bool
	decided bool // its first bytes were looked at, or it is as if they were
}
