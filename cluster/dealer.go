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

// mostHeld is how many connections may wait for certain members, before others wait in the kernel's queue.
const mostHeld = 1024

// fewPerCPU is how many members a CPU may have that are no crowd. In a crowd, more wait for a CPU than run.
const fewPerCPU = 4

// dealer takes connections from the kernel and deals them out to members. The path of a connection goes through this file
// from top to bottom: Ready, distribute, next, deal, offer, and then the member's accepted or refused.
type dealer struct {
	primary   *Primary
	newconn   *nodeipc.Template
	balancer  Balancer
	queues    []*queue
	waiting   []int // connections that were accepted and are nobody's, the oldest first
	members   int
	crowd     int       // more members than this are one
	available int       // members that are
	held      int       // connections that wait for certain members
	ready     []*Member // those who have room again for what is held for them
	resting   bool      // the system is out of descriptors
	deferred  bool
	closed    bool
	run       func()
}

// queue is a listening socket whose connections the primary accepts.
type queue struct {
	dealer  *dealer
	fd      int
	owner   *Member // who gets them, nil if the balancer chooses
	pending bool    // there may be some
}

func newDealer(p *Primary, key string, b Balancer) (*dealer, error) {
	template, err := nodeipc.NewTemplate(p.Settings().Serialization, handlewrap.NetNative, func(n uint32) any {
		return wire.NewConnection{Command: wire.Command, Act: wire.ActNewConnection, Key: key, Seq: n}
	})
	if err != nil {
		return nil, err
	}
	d := &dealer{primary: p, newconn: template, balancer: b, crowd: fewPerCPU * runtime.GOMAXPROCS(0)}
	d.run = d.distribute
	return d, nil
}

// watch has the connections of a listening socket accepted from now on, for the owner if there is one.
func (d *dealer) watch(fd int, owner *Member) error {
	q := &queue{dealer: d, fd: fd, owner: owner}
	if err := d.primary.loop.Add(fd, eventloop.Readable|eventloop.Edge, q); err != nil {
		return err
	}
	d.queues = append(d.queues, q)
	return nil
}

// unwatch leaves the connections of a listening socket to others.
func (d *dealer) unwatch(fd int) {
	if i := slices.IndexFunc(d.queues, func(q *queue) bool { return q.fd == fd }); i >= 0 {
		d.queues = slices.Delete(d.queues, i, i+1)
		d.primary.loop.Remove(fd)
	}
}

// Ready is the loop's call: there are connections in the kernel's queue.
func (q *queue) Ready(eventloop.Events) {
	q.pending = true
	q.dealer.soon()
}

// soon has connections distributed at the end of the loop's batch, so that what comes together is done together.
func (d *dealer) soon() {
	if !d.deferred {
		d.deferred = true
		d.primary.loop.Defer(d.run)
	}
}

// distribute gives connections to members as long as there are both.
func (d *dealer) distribute() {
	d.deferred = false
	d.dealHeld()
	for !d.closed && !d.resting && d.available > 0 && d.held < mostHeld {
		connection, owner, ok := d.next()
		if !ok || !d.deal(connection, owner) {
			return
		}
	}
}

// dealHeld gives members that have room again what is held for them.
func (d *dealer) dealHeld() {
	for !d.closed && !d.resting && len(d.ready) > 0 {
		m := d.ready[len(d.ready)-1]
		if !m.Available() || len(m.held) == 0 {
			d.ready = d.ready[:len(d.ready)-1]
			continue
		}
		connection := m.held[0]
		m.held = m.held[1:]
		d.held--
		d.offer(m, connection)
	}
}

// next is the connection whose turn it is: one that waits, or else one from the kernel's queues.
func (d *dealer) next() (connection int, owner *Member, ok bool) {
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
			d.rest(err)
			return -1, nil, false
		}
	}
	return -1, nil, false
}

// deal gives a connection to its owner, or to the member that the balancer chooses, and says false when there is none.
func (d *dealer) deal(connection int, m *Member) bool {
	if m == nil {
		m = d.balancer.Next(Connection{connection})
	}
	switch {
	case m == nil || m.gone || m.dealer != d:
		d.waiting = slices.Insert(d.waiting, 0, connection)
		return false
	case m.Available():
		d.offer(m, connection)
	default:
		m.held = append(m.held, connection)
		d.held++
	}
	return true
}

// offer sends a connection to a member. One that cannot take it is passed over until it can.
func (d *dealer) offer(m *Member, connection int) {
	p := d.primary
	seq := p.nextSeq()
	p.frame = m.worker.channel.AppendFrame(p.frame[:0], d.newconn, seq)
	err := m.worker.channel.Offer(p.frame, connection, seq)
	if err == nil {
		m.inFlight++
		m.worker.offers.push(offer{seq: seq, connection: connection, member: m, sent: d.now()})
		d.changed(m)
		return
	}
	d.waiting = slices.Insert(d.waiting, 0, connection)
	if errors.Is(err, nodeipc.ErrTooManyHandles) {
		d.rest(err)
		return
	}
	// A full channel says when it has room; one that has ended takes the member away.
	m.suspend()
}

func (d *dealer) crowded() bool { return d.members > d.crowd }

// now is the time of the loop's clock.
func (d *dealer) now() time.Duration { return time.Since(d.primary.begun) }

// rest leaves connections where they are for a moment.
func (d *dealer) rest(err error) {
	d.resting = true
	d.primary.warnOnce(err)
	time.AfterFunc(acceptPause, func() {
		d.primary.loop.Post(func() {
			d.resting = false
			d.soon()
		})
	})
}

// giveBack takes a connection that a worker was offered and did not get.
func (d *dealer) giveBack(connection int) {
	if d.closed {
		bind.CloseFD(connection)
		return
	}
	d.waiting = append(d.waiting, connection)
	d.soon()
}

func (d *dealer) join(m *Member) {
	d.members++
	d.balancer.Join(m)
	d.changed(m)
	d.soon()
}

func (d *dealer) leave(m *Member) {
	m.gone = true
	d.members--
	d.changed(m)
	d.balancer.Leave(m)
	d.waiting = append(d.waiting, m.held...)
	d.held -= len(m.held)
	m.held = nil
	d.soon()
}

// changed tells who has to know of a member that is another now.
func (d *dealer) changed(m *Member) {
	if available := m.Available(); available != m.counted {
		m.counted = available
		if available {
			d.available++
		} else {
			d.available--
		}
	}
	if m.gone {
		return
	}
	d.balancer.Changed(m)
	if m.counted && len(m.held) > 0 {
		d.ready = append(d.ready, m)
	}
}

// close ends the dealing. The sockets are not the dealer's.
func (d *dealer) close() {
	d.closed = true
	for _, q := range slices.Clone(d.queues) {
		d.unwatch(q.fd)
	}
	for _, connection := range d.waiting {
		bind.CloseFD(connection)
	}
	d.waiting = nil
}
