package cluster

import (
	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// packetGroup is a group of UDP sockets, one for each worker. What comes to the socket of a worker that has left waits for the next
// worker. Servers of one address, which a worker may have if they reuse it, share the slots: the kernel knows one group an address.
type packetGroup struct {
	serverBase
	*packetSlots
}

type packetSlots struct {
	*groupSlots
	address string // the key of the first server there
	reused  bool   // other servers may have the address
	servers int    // that share the slots
}

func newPacketGroup(p *Primary, base serverBase, s *wire.Server, bound bind.Socket, by rendezvous.By) (server, error) {
	if bound.Inherited {
		return nil, errGiven
	}
	slots, err := newGroupSlots(p, bound.FD, 0, by)
	if err != nil {
		return nil, err
	}
	return &packetGroup{base, &packetSlots{slots, s.Key(), s.ReusesAddress(), 1}}, nil
}

// sharedPacketGroup makes a server of the slots that another server of the address has. It returns nil if there is none, or one of them
// does not reuse the address.
func (p *Primary) sharedPacketGroup(base serverBase, wanted *wire.Server) server {
	if !wanted.ReusesAddress() {
		return nil
	}
	address := wanted.Key()
	for _, s := range p.onLoop.servers {
		if other, ok := s.(*packetGroup); ok && other.reused && other.address == address {
			other.servers++
			return &packetGroup{base, other.packetSlots}
		}
	}
	return nil
}

func (s *packetGroup) close() {
	if s.servers--; s.servers == 0 {
		s.groupSlots.close()
	}
}

func (s *packetGroup) join(w *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	n, handle, steered, err := s.slotFor(w)
	if err != nil {
		return nil, nil, err
	}
	if !steered {
		handle.Close()
		s.vacate(n)
		return nil, nil, errStandby
	}
	reply.Errno = new(int)
	return packetMembership{s, n}, handle, nil
}

// slotFor takes a slot for a worker, which may be the successor of a member.
func (s *packetGroup) slotFor(w *Worker) (n int, h *handlewrap.Handle, steered bool, err error) {
	before := -1
	if m, ok := w.membershipBefore(s.key).(packetMembership); ok && m.of == s {
		before = m.slot
	}
	return s.takeFor(w, before, handlewrap.DgramNative)
}

func (s *packetGroup) lastCall(_ map[*Worker]membership, idle func()) { idle() }

type packetMembership struct {
	of   *packetGroup
	slot int
}

func (m packetMembership) server() server { return m.of }

func (m packetMembership) activate() { m.of.groupSlots.activate(m.slot) }

func (m packetMembership) retire() { m.of.groupSlots.retire(m.slot) }

func (m packetMembership) leave() {
	if !m.of.isLast || m.of.servers > 1 {
		m.of.vacate(m.slot)
	}
}

func (m packetMembership) retry() {}
