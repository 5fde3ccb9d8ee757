package cluster

import (
	"slices"

	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
)

// sticky chooses the worker by the client's address, as the kernel does for a group of sockets. A target that joins gets the place
// of one that has left, and with it the clients of that one. Or it waits for the place of one that is to leave.
type sticky struct {
	places  []*Target
	taken   []int // the places of targets that are not suspended, in ascending order
	waiting []placeWaiter
}

// placeWaiter is a target that gets a place when the one that has it leaves.
type placeWaiter struct {
	place  int
	target *Target
}

func newSticky() Balancer { return &sticky{} }

// Join is the dispatcher's call.
func (s *sticky) Join(target *Target) {
	before := target.worker.onLoop.before
	place := slices.IndexFunc(s.places, func(t *Target) bool { return t != nil && t.worker == before })
	if place < 0 {
		place = slices.Index(s.places, nil)
	}
	if place < 0 {
		place = len(s.places)
	}
	s.put(place, target)
}

// put gives a place to a target, or has the target wait for it.
func (s *sticky) put(place int, target *Target) {
	for len(s.places) <= place {
		s.places = append(s.places, nil)
	}
	if s.places[place] != nil {
		s.waiting = append(s.waiting, placeWaiter{place, target})
		return
	}
	s.places[place] = target
	s.count()
}

// Leave is the dispatcher's call.
func (s *sticky) Leave(target *Target) {
	s.waiting = slices.DeleteFunc(s.waiting, func(w placeWaiter) bool { return w.target == target })
	place := slices.Index(s.places, target)
	if place < 0 {
		return
	}
	s.places[place] = nil
	if i := slices.IndexFunc(s.waiting, func(w placeWaiter) bool { return w.place == place }); i >= 0 {
		s.places[place] = s.waiting[i].target
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
	s.count()
}

func (s *sticky) count() {
	s.taken = s.taken[:0]
	for place, target := range s.places {
		if target != nil && !target.suspended {
			s.taken = append(s.taken, place)
		}
	}
}

func (s *sticky) suspensionChanged() { s.count() }

// Changed is the dispatcher's call.
func (s *sticky) Changed(*Target) {}

// Next is the dispatcher's call.
func (s *sticky) Next(c Connection) *Target { return s.choose(rendezvous.AddressKey(c.RemoteAddr())) }

// choose returns the target of a key, nil if there is none.
func (s *sticky) choose(key uint32) *Target {
	place := rendezvous.Choose(key, s.taken)
	if place < 0 {
		return nil
	}
	return s.places[place]
}

// stickySlots choose as the kernel does among the sockets of a group, which says who has which place.
type stickySlots struct{ sticky }

// Join is the dispatcher's call.
func (s *stickySlots) Join(*Target) {}
