package cluster

import (
	"slices"

	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
)

// sticky chooses the worker by the client's address, as the kernel does for a group of sockets. A target that joins gets the slot
// of one that has left, and with it the clients of that one.
type sticky struct {
	slots []*Target
	taken []int // the slots that are taken, in ascending order
}

func newSticky() Balancer { return &sticky{} }

// Join is the dispatcher's call.
func (s *sticky) Join(target *Target) {
	slot := slices.Index(s.slots, nil)
	if slot < 0 {
		slot = len(s.slots)
	}
	s.put(slot, target)
}

func (s *sticky) put(slot int, target *Target) {
	for len(s.slots) <= slot {
		s.slots = append(s.slots, nil)
	}
	s.slots[slot] = target
	s.count()
}

// Leave is the dispatcher's call.
func (s *sticky) Leave(target *Target) {
	if slot := slices.Index(s.slots, target); slot >= 0 {
		s.slots[slot] = nil
		s.count()
	}
}

func (s *sticky) count() {
	s.taken = s.taken[:0]
	for slot, target := range s.slots {
		if target != nil {
			s.taken = append(s.taken, slot)
		}
	}
}

// Changed is the dispatcher's call.
func (s *sticky) Changed(*Target) {}

// Next is the dispatcher's call.
func (s *sticky) Next(c Connection) *Target {
	slot := rendezvous.Choose(rendezvous.AddressKey(c.RemoteAddr()), s.taken)
	if slot < 0 {
		return nil
	}
	return s.slots[slot]
}

// stickySlots choose as the kernel does among the sockets of a group, which says who is in which slot.
type stickySlots struct{ sticky }

// Join is the dispatcher's call.
func (s *stickySlots) Join(*Target) {}
