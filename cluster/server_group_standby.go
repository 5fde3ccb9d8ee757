package cluster

import (
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// noPlace is the place of a slot whose worker gets one when it is activated.
const noPlace = -1

// takeFor takes a slot for a worker, which is the successor of the one in the slot before if that is not negative. steered is false if the
// worker is on standby, and the kernel cannot be kept from choosing its socket.
func (slots *groupSlots) takeFor(w *Worker, before int, t handlewrap.Type) (n int, h *handlewrap.Handle, steered bool, err error) {
	suspended := w.onLoop.suspended && t == handlewrap.NetNative // datagrams go on
	switch {
	case w.IsStandby():
		return slots.takeStandby(before, t, suspended)
	case before < 0:
		n, h, err = slots.take(t, suspended)
	default:
		n, h, err = slots.takeAfter(before, t, suspended)
	}
	return n, h, true, err
}

// takeStandby takes a slot for a worker on standby, and returns a copy of its socket. The worker gets nothing before activate. It then has
// the place of the worker in the slot before, if that is not negative. steered is false where the kernel cannot be kept from choosing the
// socket.
func (slots *groupSlots) takeStandby(before int, t handlewrap.Type, suspended bool) (n int, h *handlewrap.Handle, steered bool, err error) {
	steered = slots.steerAway()
	if n = slots.unchosen(); n < 0 {
		if n, err = slots.add(); err != nil {
			return 0, nil, false, err
		}
	}
	if !steered { // a single socket of UDP has no group before there is another one
		steered = slots.steerAway()
	}
	if h, err = slots.copyOf(n, t); err != nil {
		return 0, nil, false, err
	}
	place := noPlace
	if before >= 0 && slots.by == rendezvous.ByAddress {
		place = slots.slots[before].place
	}
	slots.slots[n] = slot{state: standby, place: place, suspended: suspended}
	return n, h, steered, nil
}

// steerAway has the kernel choose none but the sockets that it is to choose by now, whatever sockets there will be. It reports whether the
// kernel does.
func (slots *groupSlots) steerAway() bool {
	among := slots.choices()
	if len(among) == 0 {
		among = slots.among
	}
	if len(among) == 0 { // what comes before there is a worker waits in the first socket
		among = []rendezvous.Choice{{Place: 0, Socket: 0}}
	}
	if err := slots.group.Steer(slots.by, among); err != nil {
		return false
	}
	slots.among = among
	return true
}

// unchosen is a vacant slot that the kernel does not choose, -1 if there is none.
func (slots *groupSlots) unchosen() int {
	for n, s := range slots.slots {
		isChosen := slices.ContainsFunc(slots.among, func(c rendezvous.Choice) bool { return c.Socket == n })
		if s.state == vacant && !isChosen && len(slots.among) > 0 {
			return n
		}
	}
	return -1
}

// activate has the worker in a slot get what the kernel chooses it for. It has a place that is kept for a worker of which nothing is
// left. Where another worker has the place it is to have, it waits until that leaves.
func (slots *groupSlots) activate(n int) {
	now := time.Now()
	place := slots.slots[n].place
	if place == noPlace {
		place = slots.placeForNext(now)
	}
	state := taken
	for i := range slots.slots {
		switch s := &slots.slots[i]; {
		case s.place != place || i == n:
		case s.state == taken || s.state == waiting:
			state = waiting
		default:
			s.expected = time.Time{}
		}
	}
	slots.set(n, slot{state: state, place: place, suspended: slots.slots[n].suspended})
}

// placeForNext is the place for which a successor is expected, or else a free one.
func (slots *groupSlots) placeForNext(now time.Time) int {
	if i := slices.IndexFunc(slots.slots, func(s slot) bool { return s.isExpected(now) }); i >= 0 {
		return slots.slots[i].place
	}
	return slots.freePlace()
}
