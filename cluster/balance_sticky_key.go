package cluster

import "github.com/nodecluster/nodecluster/cluster/internal/rendezvous"

// stickyByKey chooses the worker by the key that the first bytes of a connection have, and by the client's address if they have none. Clients
// with neither, on a Unix socket, get the workers in turns.
type stickyByKey struct {
	sticky
	turn int
}

func newStickyByKey() Balancer { return &stickyByKey{} }

// Next is the dispatcher's call.
func (s *stickyByKey) Next(c Connection) *Target {
	if c.hasKey {
		return s.choose(c.key)
	}
	if a := c.RemoteAddr(); a.IsValid() {
		return s.choose(rendezvous.AddressKey(a))
	}
	if len(s.taken) == 0 {
		return nil
	}
	s.turn++
	return s.places[s.taken[s.turn%len(s.taken)]]
}
