package cluster

import (
	"fmt"
	"syscall"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/cluster/internal/reuseport"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// groupSlots are the sockets of a group, one for each worker. A socket stays open and in its slot when its worker has left: the
// next worker gets it, with what has come meanwhile.
type groupSlots struct {
	group   *reuseport.Group
	by      rendezvous.By
	taken   []bool
	primary *Primary
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
	return &groupSlots{group: group, by: by, taken: []bool{false}, primary: p}, nil
}

// take takes a vacant slot, or a new one, and returns a copy of its socket.
func (slots *groupSlots) take(t handlewrap.Type) (slot int, h *handlewrap.Handle, err error) {
	for slot = range slots.taken {
		if !slots.taken[slot] {
			break
		}
	}
	if slots.taken[slot] {
		if slot, err = slots.add(); err != nil {
			return 0, nil, err
		}
	}
	fd, err := bind.Dup(slots.group.FD(slot))
	if err != nil {
		return 0, nil, err
	}
	slots.taken[slot] = true
	slots.steer()
	return slot, handlewrap.New(t, fd), nil
}

func (slots *groupSlots) add() (slot int, err error) {
	if len(slots.taken) == rendezvous.MostPlaces && slots.by == rendezvous.ByAddress {
		return 0, syscall.EMFILE
	}
	if err := slots.group.Add(); err != nil {
		return 0, err
	}
	slots.taken = append(slots.taken, false)
	return len(slots.taken) - 1, nil
}

func (slots *groupSlots) vacate(slot int) {
	slots.taken[slot] = false
	slots.steer()
}

// steer makes the kernel choose among the slots that are taken. What has come to a vacant slot before waits there.
func (slots *groupSlots) steer() {
	var places []int
	for slot, taken := range slots.taken {
		if taken {
			places = append(places, slot)
		}
	}
	if len(places) == 0 || len(slots.taken) == 1 {
		return
	}
	var err error
	if slots.by == rendezvous.ByFlow && (len(places) == len(slots.taken) || len(places) > rendezvous.MostPlaces) {
		err = slots.group.Spread()
	} else {
		err = slots.group.Steer(slots.by, places)
	}
	if err != nil {
		slots.primary.warnOfPolicy(fmt.Errorf("the kernel spreads over all sockets: %w", err))
	}
}

func (slots *groupSlots) close() {
	bind.Release(slots.group.FD(0))
	slots.group.Close()
}

// groupServer is a group of listening sockets, one for each target. The primary accepts from those that are vacant, and hands what
// waits there to other targets. It also accepts from the sockets of targets whose runtime takes no socket.
type groupServer struct {
	serverBase
	*dispatcher
	*groupSlots
	name *wire.SockName
}

func newGroupServer(p *Primary, base serverBase, bound bind.Socket, name *wire.SockName, backlog int, by rendezvous.By) (server, error) {
	d, err := newDispatcher(p, base.key, func() Balancer { return newTargetQueues() })
	if err != nil {
		return nil, err
	}
	slots, err := newGroupSlots(p, bound.FD, backlog, by)
	if err != nil {
		return nil, err
	}
	return &groupServer{serverBase: base, dispatcher: d, groupSlots: slots, name: name}, nil
}

func (s *groupServer) join(w *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	slot, handle, err := s.take(handlewrap.NetNative)
	if err != nil {
		return nil, nil, err
	}
	fd := s.group.FD(slot)
	s.unwatch(fd)
	target := newTarget(s.dispatcher, w)
	if r := w.Runtime(); !r.takesSocket() {
		w.primary.tellHandedOut(r)
		handle.Close()
		if err := s.watch(fd, target); err != nil {
			s.vacate(slot)
			return nil, nil, err
		}
		reply.SockName, handle = s.name, nil
	} else {
		reply.Errno = new(int)
	}
	s.dispatcher.join(target)
	return groupMembership{target, s, slot}, handle, nil
}

func (s *groupServer) lastCall(members map[*Worker]membership, idle func()) {
	for _, m := range members {
		m := m.(groupMembership)
		s.acceptAll(s.group.FD(m.slot), m.Target)
	}
	s.dispatcher.lastCall(idle)
	s.groupSlots.close()
}

func (s *groupServer) close() {
	s.dispatcher.close()
	if !s.isLast {
		s.groupSlots.close()
	}
}

type groupMembership struct {
	*Target
	of   *groupServer
	slot int
}

func (m groupMembership) server() server { return m.of }

func (m groupMembership) leave() {
	s := m.of
	s.dispatcher.leave(m.Target)
	if s.isLast {
		return
	}
	s.vacate(m.slot)
	s.unwatch(s.group.FD(m.slot))
	if err := s.watch(s.group.FD(m.slot), nil); err != nil {
		s.groupSlots.primary.warnOnce(err)
	}
}

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

func (s *packetGroup) join(_ *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	slot, handle, err := s.take(handlewrap.DgramNative)
	if err != nil {
		return nil, nil, err
	}
	reply.Errno = new(int)
	return packetMembership{s, slot}, handle, nil
}

func (s *packetGroup) lastCall(_ map[*Worker]membership, idle func()) { idle() }

type packetMembership struct {
	of   *packetGroup
	slot int
}

func (m packetMembership) server() server { return m.of }

func (m packetMembership) leave() {
	if !m.of.isLast {
		m.of.vacate(m.slot)
	}
}

func (m packetMembership) retry() {}
