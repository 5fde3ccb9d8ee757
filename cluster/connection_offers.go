package cluster

import (
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// An offer is a connection on its way to a worker. The descriptor is still the primary's: it is closed when the worker has accepted
// the connection, and offered to another worker when this one has refused it.
type offer struct {
	seq        uint32
	connection Connection
	to         recipient
	sent       time.Duration // by Primary.now
}

// A recipient is told what becomes of an offer. It is the target that the balancer has chosen, or a Dial.
type recipient interface {
	// accepted is called when the worker has taken the connection. The descriptor is closed.
	accepted(sent time.Duration)
	// refused and lost are called when the worker has refused the connection, and when it has ended. The descriptor is the recipient's.
	refused(connection Connection)
	lost(connection Connection)
}

// offer sends a connection to the worker at once, or not at all. Errors are those of nodeipc.LoopChannel.Offer.
func (w *Worker) offer(newconn *nodeipc.Template, connection Connection, to recipient) error {
	p := w.primary
	seq := p.nextSeq()
	p.onLoop.frame = w.onLoop.channel.AppendFrame(p.onLoop.frame[:0], newconn, seq)
	if err := w.onLoop.channel.Offer(p.onLoop.frame, connection.fd, seq); err != nil {
		return err
	}
	w.onLoop.offers.push(offer{seq: seq, connection: connection, to: to, sent: p.now()})
	return nil
}

// offers are those of one worker, in the order in which they were made, which is mostly that of the answers. The list keeps its
// memory, so that an offer allocates nothing.
type offers struct {
	list []offer
	head int
}

func (o *offers) push(v offer) {
	if o.head > 0 && len(o.list) == cap(o.list) {
		o.list = o.list[:copy(o.list, o.list[o.head:])]
		o.head = 0
	}
	o.list = append(o.list, v)
}

// take removes the offer with this number. There is none for an answer to what the worker was not asked.
func (o *offers) take(seq uint32) (offer, bool) {
	for i := o.head; i < len(o.list); i++ {
		if found := o.list[i]; found.seq == seq {
			copy(o.list[o.head+1:i+1], o.list[o.head:i])
			o.list[o.head] = offer{}
			if o.head++; o.head == len(o.list) {
				o.list, o.head = o.list[:0], 0
			}
			return found, true
		}
	}
	return offer{}, false
}

// isEmpty reports whether all offers were answered.
func (o *offers) isEmpty() bool { return o.head == len(o.list) }

// takeAll removes every offer.
func (o *offers) takeAll() []offer {
	all := append([]offer(nil), o.list[o.head:]...)
	clear(o.list)
	o.list, o.head = o.list[:0], 0
	return all
}

// answered ends an offer that the worker has answered. It reports false if there is none with that number.
func (w *Worker) answered(seq uint32, accepted bool) bool {
	o, ok := w.onLoop.offers.take(seq)
	if !ok {
		return false
	}
	if accepted {
		w.onLoop.channel.CloseFD(o.connection.fd)
		o.to.accepted(o.sent)
	} else {
		o.to.refused(o.connection)
	}
	w.drainOn()
	return true
}

// redispatchOffers ends all offers of a worker that will not answer any more. Their connections go to other workers.
func (w *Worker) redispatchOffers() {
	for _, o := range w.onLoop.offers.takeAll() {
		o.to.lost(o.connection)
	}
}
