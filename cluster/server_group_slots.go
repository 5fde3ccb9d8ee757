package cluster

import (
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/cluster/internal/reuseport"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// groupSlots are the sockets of a group, one for each worker. A socket stays open and in its slot when its worker has left: the
// next worker gets it, with what has come meanwhile.
type groupSlots struct {
	group   *reuseport.Group
	by      rendezvous.By
	slots   []slot              // by the number of the socket in the group
	among   []rendezvous.Choice // what the kernel was told to choose among
	primary *Primary
	closed  bool
}

// slot is the state of one socket of a group.
type slot struct {
	state    slotState
	place    int       // that its worker has in the choice by address; of no meaning if it is vacant and no successor is expected
	expected time.Time // until when a successor is expected in a slot that is vacant

	suspended bool // its worker is to get no connections for now
}

type slotState int

const (
	vacant  slotState = iota // no worker accepts from the socket
	taken                    // a worker does
	retired                  // a worker does, and is to get no more
	waiting                  // a worker will, when the one that has its place has left that
	standby                  // a worker will, when it is activated
)

// gets reports whether the kernel may choose a slot. One whose worker has ended stays in the choice while a successor is expected: the
// primary deals out meanwhile what comes there. A death then changes nothing in the kernel, and nor does the successor. That matters
// because kernels before the middle of 2026 may crash when a program is attached to a group, or detached, under traffic (CVE-2026-52910).
func (s slot) gets(now time.Time) bool { return s.state == taken && !s.suspended || s.isExpected(now) }

func (s slot) isExpected(now time.Time) bool { return s.state == vacant && now.Before(s.expected) }

// hasPlace reports whether a place is not free.
func (s slot) hasPlace(now time.Time) bool {
	return s.state == taken || s.state == waiting || s.isExpected(now)
}

func newGroupSlots(p *Primary, fd, backlog int, by rendezvous.By) (*groupSlots, error) {
	// A group that the kernel only spreads over would have a client served by two workers. That is found out while the socket is
	// alone, and nobody has connected.
	if by == rendezvous.ByAddress {
		if err := reuseport.CheckSteering(fd); err != nil {
			return nil, err
		}
	}
	group, err := reuseport.New(fd, backlog)
	if err != nil {
		return nil, err
	}
	return &groupSlots{group: group, by: by, slots: []slot{{}}, primary: p}, nil
}

// take takes a vacant slot, or a new one, and returns a copy of its socket. A place for which a successor is expected goes with it.
func (slots *groupSlots) take(t handlewrap.Type, suspended bool) (n int, h *handlewrap.Handle, err error) {
	now := time.Now()
	isExpected := func(s slot) bool { return s.isExpected(now) }
	if n, h, err = slots.open(t, isExpected); err != nil {
		return 0, nil, err
	}
	place := slots.slots[n].place
	if !isExpected(slots.slots[n]) {
		place = slots.freePlace()
	}
	slots.set(n, slot{state: taken, place: place, suspended: suspended})
	return n, h, nil
}

// takeAfter takes a slot for the successor of the worker in another slot. Where that worker's clients are to be the successor's, it
// gets none before that has left.
func (slots *groupSlots) takeAfter(before int, t handlewrap.Type, suspended bool) (n int, h *handlewrap.Handle, err error) {
	if slots.by == rendezvous.ByFlow {
		return slots.take(t, suspended)
	}
	now := time.Now()
	if n, h, err = slots.open(t, func(s slot) bool { return s.state == vacant && !s.isExpected(now) }); err != nil {
		return 0, nil, err
	}
	slots.set(n, slot{state: waiting, place: slots.slots[before].place, suspended: suspended})
	return n, h, nil
}

// open finds a vacant slot, and copies its socket. If none is among those that are preferred it is another one, or is made.
func (slots *groupSlots) open(t handlewrap.Type, preferred func(slot) bool) (n int, h *handlewrap.Handle, err error) {
	n = slices.IndexFunc(slots.slots, preferred)
	if n < 0 {
		n = slices.IndexFunc(slots.slots, func(s slot) bool { return s.state == vacant })
	}
	if n < 0 {
		if n, err = slots.add(); err != nil {
			return 0, nil, err
		}
	}
	h, err = slots.copyOf(n, t)
	return n, h, err
}

// copyOf returns a copy of a slot's socket.
func (slots *groupSlots) copyOf(n int, t handlewrap.Type) (*handlewrap.Handle, error) {
	fd, err := bind.Dup(slots.group.FD(n))
	if err != nil {
		return nil, err
	}
	return handlewrap.New(t, fd), nil
}

// freePlace is the lowest place that no slot has.
func (slots *groupSlots) freePlace() (place int) {
	now := time.Now()
	for slices.ContainsFunc(slots.slots, func(s slot) bool { return s.hasPlace(now) && s.place == place }) {
		place++
	}
	return place
}

func (slots *groupSlots) add() (n int, err error) {
	if len(slots.slots) == rendezvous.MostPlaces && slots.by == rendezvous.ByAddress {
		return 0, syscall.EMFILE
	}
	if err := slots.group.Add(); err != nil {
		return 0, err
	}
	slots.slots = append(slots.slots, slot{})
	return len(slots.slots) - 1, nil
}

// suspend has the kernel choose a slot no more that has a worker, or choose it again.
func (slots *groupSlots) suspend(n int, suspended bool) {
	s := slots.slots[n]
	s.suspended = suspended
	slots.set(n, s)
}

// hasChoice reports whether the kernel has a slot to choose without a worker that is suspended.
func (slots *groupSlots) hasChoice() bool { return len(slots.choices()) > 0 }

// addForNobody adds a slot that no worker has yet, and has the kernel choose it if there is no other.
func (slots *groupSlots) addForNobody() (n int, err error) {
	if n, err = slots.add(); err == nil {
		slots.choose()
	}
	return n, err
}

// retire has the kernel choose a slot no more. Its worker may accept from the socket until vacate is called.
func (slots *groupSlots) retire(n int) { slots.vacateTo(n, slot{state: retired}) }

// vacate makes a slot vacant. Nothing comes there any more.
func (slots *groupSlots) vacate(n int) { slots.vacateTo(n, slot{state: vacant}) }

// vacateFor makes a slot vacant in which a successor is expected for some time, if none waits. The caller sees to what comes there.
func (slots *groupSlots) vacateFor(n int, expected time.Duration) {
	slots.vacateTo(n, slot{state: vacant, place: slots.slots[n].place, expected: time.Now().Add(expected)})
	time.AfterFunc(expected, func() { slots.primary.loop.Post(slots.choose) })
}

// vacateTo gives the place of a slot to the one that waits for it, if one does. Else the slot has the state given.
func (slots *groupSlots) vacateTo(n int, to slot) {
	before := slots.slots[n]
	heir := slices.IndexFunc(slots.slots, func(s slot) bool { return s.state == waiting && s.place == before.place })
	if before.state == taken && heir >= 0 {
		slots.slots[heir].state = taken
	}
	if before.state == waiting || heir >= 0 {
		to.expected = time.Time{}
	}
	slots.set(n, to)
}

func (slots *groupSlots) set(n int, s slot) {
	slots.slots[n] = s
	slots.choose()
}

// choose has the kernel choose among the slots that get anything, if it does not do so already. What has come to another slot before
// waits there.
func (slots *groupSlots) choose() {
	if slots.closed || len(slots.slots) == 1 || slots.primary.onLoop.switching {
		return
	}
	among := slots.choices()
	if len(among) == 0 || slices.Equal(among, slots.among) {
		return
	}
	if err := slots.steer(among); err != nil {
		slots.primary.warnOfPolicy(fmt.Errorf("the kernel spreads over all sockets: %w", err))
		return
	}
	slots.among = among
}

// choices are the slots that get anything, by their places.
func (slots *groupSlots) choices() (among []rendezvous.Choice) {
	now := time.Now()
	for n, s := range slots.slots {
		switch {
		case !s.gets(now):
		case slots.by == rendezvous.ByFlow:
			among = append(among, rendezvous.Choice{Place: n, Socket: n})
		default:
			among = append(among, rendezvous.Choice{Place: s.place, Socket: n})
		}
	}
	if n := slots.forNobody(); len(among) == 0 && n >= 0 {
		among = append(among, rendezvous.Choice{Place: n, Socket: n})
	}
	slices.SortFunc(among, func(a, b rendezvous.Choice) int { return a.Place - b.Place })
	return among
}

// forNobody is a slot without a worker, for what comes while all workers are suspended. It is -1 if there is none, or some worker is not
// suspended.
func (slots *groupSlots) forNobody() int {
	isVacant := func(s slot) bool { return s.state == vacant }
	isSuspended := func(s slot) bool { return s.suspended }
	if !slices.ContainsFunc(slots.slots, isSuspended) {
		return -1
	}
	return slices.IndexFunc(slots.slots, isVacant)
}

func (slots *groupSlots) steer(among []rendezvous.Choice) error {
	if slots.by == rendezvous.ByFlow && (len(among) == len(slots.slots) || len(among) > rendezvous.MostPlaces) {
		return slots.group.Spread()
	}
	return slots.group.Steer(slots.by, among)
}

func (slots *groupSlots) close() {
	slots.closed = true
	bind.Release(slots.group.FD(0))
	slots.group.Close()
}
