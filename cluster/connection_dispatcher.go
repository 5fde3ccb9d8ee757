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

// acceptPause is how long to wait when the system has no descriptors or memory for another connection: nothing
// tells when that ends, and the connections are safe in the kernel's queue.
const acceptPause = 20 * time.Millisecond

// maxHeld is how many connections may wait for certain targets, before others wait in the kernel's queue.
const maxHeld = 1024

// maxUncrowdedPerCPU is how many targets a CPU may have that are no crowd. In a crowd, more wait for a CPU than run.
const maxUncrowdedPerCPU = 4

// dispatcher takes connections from the kernel and hands them out to targets. The path of a connection goes through this file
// from top to bottom: Ready, dispatchAll, next, dispatch, offer, and then the target's accepted or refused.
type dispatcher struct {
	primary      *Primary
	newconn      *nodeipc.Template
	balancer     Balancer
	queues       []*queue
	waiting      []int // connections that were accepted and are nobody's, the oldest first
	targets      int
	maxUncrowded int       // more targets than this are one
	available    int       // targets that are
	held         int       // connections that wait for certain targets
	ready        []*Target // those who have room again for what is held for them
	acceptPaused bool      // the system is out of descriptors
	scheduled    bool
	closed       bool
	run          func()
}

// queue is a listening socket whose connections the primary accepts.
type queue struct {
	dispatcher *dispatcher
	fd         int
	owner      *Target // who gets them, nil if the balancer chooses
	pending    bool    // there may be some
}

func newDispatcher(p *Primary, key string, balancer func() Balancer) (*dispatcher, error) {
	template, err := nodeipc.NewTemplate(p.Settings().Serialization, handlewrap.NetNative, func(n uint32) any {
		return wire.NewConnection{Command: wire.Command, Act: wire.ActNewConnection, Key: key, Seq: n}
	})
	if err != nil {
		return nil, err
	}
	d := &dispatcher{primary: p, newconn: template, balancer: balancer(), maxUncrowded: maxUncrowdedPerCPU * runtime.GOMAXPROCS(0)}
	d.run = d.dispatchAll
	return d, nil
}

// watch has the connections of a listening socket accepted from now on, for the owner if there is one.
func (d *dispatcher) watch(fd int, owner *Target) error {
	q := &queue{dispatcher: d, fd: fd, owner: owner}
	if err := d.primary.loop.Add(fd, eventloop.Readable|eventloop.Edge, q); err != nil {
		return err
	}
	d.queues = append(d.queues, q)
	return nil
}

// unwatch leaves the connections of a listening socket to others.
func (d *dispatcher) unwatch(fd int) {
	if i := slices.IndexFunc(d.queues, func(q *queue) bool { return q.fd == fd }); i >= 0 {
		d.queues = slices.Delete(d.queues, i, i+1)
		d.primary.loop.Remove(fd)
	}
}

// Ready is the loop's call: there are connections in the kernel's queue.
func (q *queue) Ready(eventloop.Events) {
	q.pending = true
	q.dispatcher.schedule()
}

// schedule has connections handed out at the end of the loop's batch, so that what comes together is done together.
func (d *dispatcher) schedule() {
	if !d.scheduled {
		d.scheduled = true
		d.primary.loop.Defer(d.run)
	}
}

// dispatchAll gives connections to targets as long as there are both.
func (d *dispatcher) dispatchAll() {
	d.scheduled = false
	d.dispatchHeld()
	for !d.closed && !d.acceptPaused && d.available > 0 && d.held < maxHeld {
		connection, owner, ok := d.next()
		if !ok || !d.dispatch(connection, owner) {
			return
		}
	}
}

// dispatchHeld gives targets that have room again what is held for them.
func (d *dispatcher) dispatchHeld() {
	for !d.closed && !d.acceptPaused && len(d.ready) > 0 {
		target := d.ready[len(d.ready)-1]
		if !target.Available() || len(target.held) == 0 {
			d.ready = d.ready[:len(d.ready)-1]
			continue
		}
		connection := target.held[0]
		target.held = target.held[1:]
		d.held--
		d.offer(target, connection)
	}
}

// next is the connection whose turn it is: one that waits, or else one from the kernel's queues.
func (d *dispatcher) next() (connection int, owner *Target, ok bool) {
	if len(d.waiting) > 0 {
		connection = d.waiting[0]
		d.waiting = d.waiting[1:]
		return connection, nil, true
	}
	for _, q := range d.queues {
		if !q.pending {
			continue
		}
		connection, err := bind.Accept(q.fd)
		switch {
		case err == nil:
			return connection, q.owner, true
		case errors.Is(err, bind.ErrNothingToAccept):
			q.pending = false
			d.primary.loop.Rearm(q.fd)
		default:
			d.pauseAccepting(err)
			return -1, nil, false
		}
	}
	return -1, nil, false
}

// dispatch gives a connection to its owner, or to the target that the balancer chooses, and says false when there is none.
func (d *dispatcher) dispatch(connection int, target *Target) bool {
	if target == nil {
		target = d.balancer.Next(Connection{connection})
	}
	switch {
	case target == nil || target.gone || target.dispatcher != d:
		d.waiting = slices.Insert(d.waiting, 0, connection)
		return false
	case target.Available():
		d.offer(target, connection)
	default:
		target.held = append(target.held, connection)
		d.held++
	}
	return true
}

// offer sends a connection to a target. One that cannot take it is passed over until it can.
func (d *dispatcher) offer(target *Target, connection int) {
	p := d.primary
	seq := p.nextSeq()
	p.onLoop.frame = target.worker.onLoop.channel.AppendFrame(p.onLoop.frame[:0], d.newconn, seq)
	err := target.worker.onLoop.channel.Offer(p.onLoop.frame, connection, seq)
	if err == nil {
		target.inFlight++
		target.worker.onLoop.offers.push(offer{seq: seq, connection: connection, target: target, sent: d.now()})
		d.changed(target)
		return
	}
	d.waiting = slices.Insert(d.waiting, 0, connection)
	if errors.Is(err, nodeipc.ErrTooManyHandles) {
		d.pauseAccepting(err)
		return
	}
	// A full channel says when it has room; one that has ended takes the target away.
	target.suspend()
}

func (d *dispatcher) crowded() bool { return d.targets > d.maxUncrowded }

// now is the time of the loop's clock.
func (d *dispatcher) now() time.Duration { return time.Since(d.primary.begun) }

// pauseAccepting leaves connections where they are for a moment.
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

// redispatch takes a connection that a worker was offered and did not get.
func (d *dispatcher) redispatch(connection int) {
	if d.closed {
		bind.CloseFD(connection)
		return
	}
	d.waiting = append(d.waiting, connection)
	d.schedule()
}

func (d *dispatcher) join(target *Target) {
	d.targets++
	d.balancer.Join(target)
	d.changed(target)
	d.schedule()
}

func (d *dispatcher) leave(target *Target) {
	target.gone = true
	d.targets--
	d.changed(target)
	d.balancer.Leave(target)
	d.waiting = append(d.waiting, target.held...)
	d.held -= len(target.held)
	target.held = nil
	d.schedule()
}

// changed tells who has to know of a target that is another now.
func (d *dispatcher) changed(target *Target) {
	if available := target.Available(); available != target.counted {
		target.counted = available
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
	if target.counted && len(target.held) > 0 {
		d.ready = append(d.ready, target)
	}
}

// close ends the dispatching, once all targets have left. The sockets are not the dispatcher's.
func (d *dispatcher) close() {
	d.closed = true
	for _, q := range slices.Clone(d.queues) {
		d.unwatch(q.fd)
	}
	for _, connection := range d.waiting {
		bind.CloseFD(connection)
	}
	d.waiting = nil
	d.primary.closeBalancer(d.balancer)
}
