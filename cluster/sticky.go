package cluster

import (
	"slices"

	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
)

// sticky gives a client's connections to the worker that its address decides: what the kernel does for a group of
// sockets. A member that leaves vacates a seat, which the next to join takes, and with it the clients.
type sticky struct {
	seats []*Member
	taken []int // the seats that are taken, in ascending order
}

func newSticky() Balancer { return &sticky{} }

// Join is the dealer's call.
func (s *sticky) Join(m *Member) {
	seat := slices.Index(s.seats, nil)
	if seat < 0 {
		seat = len(s.seats)
		s.seats = append(s.seats, nil)
	}
	s.seats[seat] = m
	s.count()
}

// Leave is the dealer's call.
func (s *sticky) Leave(m *Member) {
	if seat := slices.Index(s.seats, m); seat >= 0 {
		s.seats[seat] = nil
		s.count()
	}
}

func (s *sticky) count() {
	s.taken = s.taken[:0]
	for seat, m := range s.seats {
		if m != nil {
			s.taken = append(s.taken, seat)
		}
	}
}

// Changed is the dealer's call.
func (s *sticky) Changed(*Member) {}

// Next is the dealer's call.
func (s *sticky) Next(c Connection) *Member {
	seat := rendezvous.Choose(rendezvous.AddressKey(c.RemoteAddr()), s.taken)
	if seat < 0 {
		return nil
	}
	return s.seats[seat]
}
