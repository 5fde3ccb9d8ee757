package cluster

import (
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// acceptPause is how long the dispatcher accepts nothing after the system had no descriptor or no memory for another connection.
// The system does not tell when it has some again. The connections are safe in the kernel's queue meanwhile.
const acceptPause = 20 * time.Millisecond

// maxAssigned is how many connections of a dispatcher may wait for targets that are not available. When there are as many, no
// further connection is accepted.
const maxAssigned = 1024

// maxTurn is how many connections are accepted before the loop looks after other things.
const maxTurn = 4096

// maxTargetsPerCPU is how many targets a CPU can serve well. Where there are more, more workers wait for a CPU than run.
const maxTargetsPerCPU = 4

// A dispatcher accepts the connections of listening sockets and offers each to a target. All its methods run on the primary's loop.
//
// The path of a connection goes through this file from top to bottom: Ready, schedule, dispatchAll, next, dispatch, offer. Then the
// worker answers, and the target's accepted or refused is called. Where first bytes decide, dispatchAll looks at these before dispatch.
//
// Every connection that was accepted is in one of four places, and nowhere else: in firstBytes, in unassigned, in the assigned list of one
// target, or among the offers of one worker. For the fields that have to agree, this holds whenever a method that the loop has called
// returns:
//
//   - assigned is the sum of the lengths of the targets' assigned lists, and offered that of the workers' offers.
//   - available is the number of targets whose isCounted is true, and isCounted is what Available returns. So changed has to be
//     called after each change of what Available depends on: gone, suspended, paused, inFlight and window.
//   - A target that is available and has assigned connections is in ready, perhaps more than once. A target in ready may be neither:
//     dispatchAssigned removes it then.
type dispatcher struct {
	primary  *Primary
	balancer Balancer
	newconn  *nodeipc.Template // the message that goes with a connection
	queues   []*queue
	targets  int // that have joined and not left

	firstBytes *firstBytes  // accepted connections whose first bytes are still to decide; nil where these decide nothing
	unassigned []Connection // accepted connections that no target was chosen for, the oldest first
	assigned   int          // accepted connections that wait for the target that was chosen
	offered    int          // accepted connections that targets have been offered and have not answered for
	available  int          // targets that would take a connection at once
	ready      []*Target    // targets that may take a connection that is assigned to them

	maxTargets   int    // more are oversubscribed
	run          func() // dispatchAll, so that to schedule it allocates nothing
	scheduled    bool   // run is going to be called
	acceptPaused bool   // see acceptPause
	whenIdle     func() // see lastCall
	closed       bool
}

// A queue is a listening socket, in whose kernel's queue connections wait to be accepted.
type queue struct {
	dispatcher *dispatcher
	fd         int
	owner      *Target // the target of all its connections; nil if the balancer chooses
	readable   bool    // there may be connections
}

func newDispatcher(p *Primary, key string, balancer func() Balancer) (*dispatcher, error) {
	template, err := newConnectionTemplate(key)
	if err != nil {
		return nil, err
	}
	d := &dispatcher{primary: p, newconn: template, balancer: balancer(), maxTargets: maxTargetsPerCPU * runtime.GOMAXPROCS(0)}
	d.run = d.dispatchAll
	return d, nil
}

// newConnectionTemplate makes the message that goes with a connection to a server of a worker.
func newConnectionTemplate(key string) (*nodeipc.Template, error) {
	return nodeipc.NewTemplate(handlewrap.NetNative, func(n uint32) any {
		return wire.NewConnection{Command: wire.Command, Act: wire.ActNewConnection, Key: key, Seq: n}
	})
}

// watch begins to accept the connections of a listening socket. They are the owner's, if there is one.
func (d *dispatcher) watch(fd int, owner *Target) error {
	q := &queue{dispatcher: d, fd: fd, owner: owner}
	if err := d.primary.loop.Add(fd, eventloop.Readable|eventloop.Edge, q); err != nil {
		return err
	}
	d.queues = append(d.queues, q)
	return nil
}

// unwatch ends watch. The connections of the socket are then for others to accept.
func (d *dispatcher) unwatch(fd int) {
	if i := slices.IndexFunc(d.queues, func(q *queue) bool { return q.fd == fd }); i >= 0 {
		d.queues = slices.Delete(d.queues, i, i+1)
		d.primary.loop.Remove(fd)
	}
}

// Ready is the loop's call: there are connections in the kernel's queue.
func (q *queue) Ready(eventloop.Events) {
	q.readable = true
	q.dispatcher.schedule()
}

// schedule calls dispatchAll at the end of the loop's batch. Connections that come together are then dispatched together.
func (d *dispatcher) schedule() {
	if !d.scheduled {
		d.scheduled = true
		d.primary.loop.Defer(d.run)
	}
}

// dispatchAll offers connections to targets as long as there are both.
func (d *dispatcher) dispatchAll() {
	d.scheduled = false
	d.dispatchAssigned()
	for n := 0; !d.closed && !d.acceptPaused && d.available > 0 && d.assigned < maxAssigned; n++ {
		if n == maxTurn {
			d.scheduled = d.primary.loop.Post(d.run)
			break
		}
		connection, owner, ok := d.next()
		if !ok {
			break
		}
		if owner == nil && !d.decide(&connection) {
			continue
		}
		if !d.dispatch(connection, owner) {
			break
		}
	}
	if d.whenIdle != nil && d.waiting()+d.offered == 0 {
		idle := d.whenIdle
		d.whenIdle = nil
		idle()
	}
}

// decide has the first bytes of a connection decide, where they do. It reports false if these are still to come: then the connection comes
// to unassigned when they have.
func (d *dispatcher) decide(connection *Connection) bool {
	return d.firstBytes == nil || connection.decided || d.firstBytes.decide(connection)
}

// dispatchAssigned offers assigned connections to targets that are available again.
func (d *dispatcher) dispatchAssigned() {
	for !d.closed && !d.acceptPaused && len(d.ready) > 0 {
		target := d.ready[len(d.ready)-1]
		if !target.Available() || len(target.assigned) == 0 {
			d.ready = d.ready[:len(d.ready)-1]
			continue
		}
		connection := target.assigned[0]
		target.assigned = target.assigned[1:]
		d.assigned--
		d.offer(target, connection)
	}
}

// next returns the oldest unassigned connection, or else accepts one. ok is false if there is none.
func (d *dispatcher) next() (connection Connection, owner *Target, ok bool) {
	if len(d.unassigned) > 0 {
		connection = d.unassigned[0]
		d.unassigned = d.unassigned[1:]
		return connection, nil, true
	}
	for _, q := range d.queues {
		if !q.readable {
			continue
		}
		fd, err := bind.Accept(q.fd)
		switch {
		case err == nil:
			return Connection{fd: fd}, q.owner, true
		case errors.Is(err, bind.ErrNothingToAccept):
			q.readable = false
			d.primary.loop.Rearm(q.fd)
		default:
			d.pauseAccepting(err)
			return Connection{}, nil, false
		}
	}
	return Connection{}, nil, false
}

// dispatch offers a connection to its owner, or else to the target that the balancer chooses, or assigns it where that is not
// available. It reports whether there is a target.
func (d *dispatcher) dispatch(connection Connection, target *Target) bool {
	if target == nil {
		target = d.balancer.Next(connection)
	}
	switch {
	case target == nil || target.gone || target.dispatcher != d:
		d.unassigned = slices.Insert(d.unassigned, 0, connection)
		return false
	case target.Available():
		d.offer(target, connection)
	default:
		target.assigned = append(target.assigned, connection)
		d.assigned++
	}
	return true
}

// offer sends a connection to a target's worker. A target whose channel cannot take it is paused.
func (d *dispatcher) offer(target *Target, connection Connection) {
	err := target.worker.offer(d.newconn, connection, target)
	if err == nil {
		target.inFlight++
		d.offered++
		d.changed(target)
		return
	}
	d.unassigned = slices.Insert(d.unassigned, 0, connection)
	if errors.Is(err, nodeipc.ErrTooManyHandles) {
		d.pauseAccepting(err)
		return
	}
	// HandleWritable ends the pause when the channel is full. When the channel has ended, HandleDisconnect removes the target.
	target.pause()
}

// isOversubscribed reports whether there are so many targets that more workers wait for a CPU than run.
func (d *dispatcher) isOversubscribed() bool { return d.targets > d.maxTargets }

// now returns the time since the primary was made.
func (d *dispatcher) now() time.Duration { return d.primary.now() }

func (d *dispatcher) pauseAccepting(err error) {
	d.acceptPaused = true
	d.primary.warnOnce(err)
	time.AfterFunc(acceptPause, func() {
		d.primary.loop.Post(func() {
			d.acceptPaused = false
			d.schedule()
		})
	})
}

// redispatch takes back a connection that was offered to a worker and did not become the worker's.
func (d *dispatcher) redispatch(connection Connection) {
	if d.closed {
		bind.CloseFD(connection.fd)
		return
	}
	d.unassigned = append(d.unassigned, connection)
	d.schedule()
}

func (d *dispatcher) join(target *Target) {
	d.targets++
	target.gone = false
	d.balancer.Join(target)
	d.changed(target)
	d.schedule()
}

// leave ends what join began. It may be called twice.
func (d *dispatcher) leave(target *Target) {
	if target.gone {
		return
	}
	target.gone = true
	d.targets--
	d.changed(target)
	d.balancer.Leave(target)
	d.unassign(target)
	d.schedule()
}

// unassign has connections that wait for a target go to any.
func (d *dispatcher) unassign(target *Target) {
	d.unassigned = append(d.unassigned, target.assigned...)
	d.assigned -= len(target.assigned)
	target.assigned = nil
}

// acceptAll accepts what waits in a socket, but no more than maxAssigned in all. The connections are the owner's, if there is one.
func (d *dispatcher) acceptAll(fd int, owner *Target) {
	for len(d.unassigned)+d.assigned < maxAssigned {
		accepted, err := bind.Accept(fd)
		connection := Connection{fd: accepted}
		switch {
		case err != nil:
			return
		case owner != nil:
			d.dispatch(connection, owner)
		default:
			d.unassigned = append(d.unassigned, connection)
		}
	}
}

// lastCall accepts what waits in the sockets, and watches them no more. When the targets have taken all connections that were accepted,
// it calls idle on the loop, unless the dispatcher is closed before. First bytes that have not come by then decide nothing.
func (d *dispatcher) lastCall(idle func()) {
	for _, q := range slices.Clone(d.queues) {
		d.acceptAll(q.fd, q.owner)
		d.unwatch(q.fd)
	}
	if d.firstBytes != nil {
		d.firstBytes.hurry()
	}
	d.whenIdle = idle
	d.schedule()
}

// changed has to be called after each change of what a target's Available depends on.
func (d *dispatcher) changed(target *Target) {
	if available := target.Available(); available != target.isCounted {
		target.isCounted = available
		if available {
			d.available++
		} else {
			d.available--
		}
	}
	if target.gone {
		return
	}
	d.balancer.Changed(target)
	if target.isCounted && len(target.assigned) > 0 {
		d.ready = append(d.ready, target)
	}
}

// close ends the dispatcher. All targets have left before. The sockets stay open: they are the server's.
func (d *dispatcher) close() {
	d.closed, d.whenIdle = true, nil
	for _, q := range slices.Clone(d.queues) {
		d.unwatch(q.fd)
	}
	if d.firstBytes != nil {
		d.firstBytes.close()
	}
	for _, connection := range d.unassigned {
		bind.CloseFD(connection.fd)
	}
	d.unassigned = nil
	d.primary.closeBalancer(d.balancer)
}
