package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// Dial connects to this worker and no other, past the socket that it shares with others: to the server that listens on address, as the
// worker's [ListeningEvent] has it. It is for health checks. What the worker listens on may be a TCP port, a Unix socket or a descriptor,
// under any scheduling policy. The worker serves the connection as a client's: it has come from 127.0.0.1, or from ::1 where there is no
// IPv4, and to a port of the primary's.
//
// Dial returns when the worker has taken the connection, which is the caller's then, or when ctx ends. While the worker's event loop is
// busy that is late, or never: give ctx a deadline. The error matches [syscall.ECONNREFUSED] if the worker does not listen there, or
// refuses the connection, because it is closing its server or has as many as its server's maxConnections;
// [nodeipc.ErrDisconnected] if its channel ends before it has answered; and [errors.ErrUnsupported] for UDP, and for a worker on Deno or
// Bun that shares a socket with others, as under [SchedNone].
func (w *Worker) Dial(ctx context.Context, address Address) (net.Conn, error) {
	w.primary.mustNotWait("Dial of a worker")
	conn, err := w.dial(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("cluster: dial worker %d on %s: %w", w.id, address, err)
	}
	return conn, nil
}

func (w *Worker) dial(ctx context.Context, address Address) (net.Conn, error) {
	ours, theirs, err := loopbackPair(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	default:
		return nil, err
	}
	d := &dialing{worker: w, address: address, connection: theirs, outcome: make(chan error, 1)}
	if err := w.primary.loop.Call(d.begin); err != nil {
		d.end(nodeipc.ErrDisconnected)
	}
	select {
	case err = <-d.outcome:
	case <-ctx.Done():
		w.primary.loop.Post(d.giveUp)
		err = context.Cause(ctx)
	}
	if err != nil {
		ours.Close()
		return nil, err
	}
	return ours, nil
}

// dialing is a connection of the primary's own that is to become a worker's. Its methods run on the primary's loop.
type dialing struct {
	worker     *Worker
	address    Address
	newconn    *nodeipc.Template
	connection int        // the worker's end of it
	outcome    chan error // of which there is one
}

// begin offers the connection to the worker.
func (d *dialing) begin() {
	key, err := d.worker.keyOf(d.address)
	if err == nil {
		d.newconn, err = newConnectionTemplate(key)
	}
	if err != nil {
		d.end(err)
		return
	}
	d.offer()
}

// keyOf returns the key of the server that the worker has on an address.
func (w *Worker) keyOf(address Address) (key string, err error) {
	if address.Network() == "udp" {
		return "", fmt.Errorf("UDP has no connections: %w", errors.ErrUnsupported)
	}
	for key, m := range w.onLoop.memberships {
		if m.server().base().at != address {
			continue
		}
		// With a socket of its own Deno would die of the connection, and Bun would lose it.
		if _, isShared := m.(*sharedMembership); isShared && !w.Runtime().takesSocket() {
			return "", fmt.Errorf("%s takes no connection beside a socket: %w", w.Runtime(), errors.ErrUnsupported)
		}
		return key, nil
	}
	return "", fmt.Errorf("it does not listen there: %w", syscall.ECONNREFUSED)
}

// offer offers the connection, or has it wait until the worker's channel has room.
func (d *dialing) offer() {
	w := d.worker
	if _, err := w.keyOf(d.address); err != nil {
		d.end(err)
		return
	}
	switch err := w.offer(d.newconn, Connection{fd: d.connection}, d); {
	case err == nil:
	case errors.Is(err, nodeipc.ErrWouldBlock):
		w.onLoop.dials = append(w.onLoop.dials, d)
	default:
		d.end(err)
	}
}

// giveUp is for a caller that does not wait any more. Of what is with the worker the answer is still to come.
func (d *dialing) giveUp() {
	w := d.worker
	if i := slices.Index(w.onLoop.dials, d); i >= 0 {
		w.onLoop.dials = slices.Delete(w.onLoop.dials, i, i+1)
		d.end(context.Canceled)
	}
}

// end closes the worker's end of the connection, of which the worker may have a copy.
func (d *dialing) end(err error) {
	bind.CloseFD(d.connection)
	d.outcome <- err
}

// accepted is the worker's answer. The descriptor is closed already.
func (d *dialing) accepted(time.Duration) { d.outcome <- nil }

// refused is the worker's answer.
func (d *dialing) refused(Connection) {
	d.end(fmt.Errorf("it refuses the connection: %w", syscall.ECONNREFUSED))
}

// lost is for a worker that has ended.
func (d *dialing) lost(Connection) { d.end(nodeipc.ErrDisconnected) }

// retryDials is called when the worker's channel has room.
func (w *Worker) retryDials() {
	dials := w.onLoop.dials
	w.onLoop.dials = nil
	for _, d := range dials {
		d.offer()
	}
}

// endDials ends what waits for room in the channel of a worker that has ended.
func (w *Worker) endDials() {
	dials := w.onLoop.dials
	w.onLoop.dials = nil
	for _, d := range dials {
		d.lost(Connection{fd: d.connection})
	}
}
