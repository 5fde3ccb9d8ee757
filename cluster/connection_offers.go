package cluster

import (
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
)

// offer is a connection on its way to a worker: the descriptor is still the primary's, who closes it when the
// worker has taken the connection, and gives it to another when it has not.
type offer struct {
	seq        uint32
	connection int
	target     *Target
	sent       time.Duration
}

// offers are a worker's, in the order in which they were made, which is that of the answers. It keeps its
// storage.
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

// take removes the offer with this number. A worker that answers what it was not asked gets no offer.
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

// takeAll removes every offer.
func (o *offers) takeAll() []offer {
	all := append([]offer(nil), o.list[o.head:]...)
	clear(o.list)
	o.list, o.head = o.list[:0], 0
	return all
}

// answered ends an offer: the worker has the connection now, or another is to have it.
func (w *Worker) answered(seq uint32, accepted bool) {
	o, ok := w.onLoop.offers.take(seq)
	if !ok {
		return
	}
	if accepted {
		bind.CloseFD(o.connection)
		o.target.accepted(o.sent)
		return
	}
	o.target.refused(o.connection)
}

// redispatchOffers hands what a worker had not answered for to the others.
func (w *Worker) redispatchOffers() {
	for _, o := range w.onLoop.offers.takeAll() {
		o.target.dispatcher.redispatch(o.connection)
	}
}
