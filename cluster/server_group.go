package cluster

import (
	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// groupServer is a group of listening sockets, one for each target. The primary accepts from those whose worker has gone or is to get no
// more, and hands what waits there to other targets. It also accepts from the sockets of targets whose runtime takes no socket, and
// what targets leave waiting that are busy.
type groupServer struct {
	serverBase
	*dispatcher
	*groupSlots
	name   *wire.SockName
	sticky *stickySlots // nil if any target may have any client
	steals bool         // from the queue of a target that is busy
}

// maxExtra is how many connections may be on their way to a worker that accepts by itself. A busy one would keep more waiting.
const maxExtra = 1

// newFlowGroup makes a group in which any target may have any client.
func newFlowGroup(p *Primary, base serverBase, bound bind.Socket, name *wire.SockName, backlog int) (server, error) {
	s := &groupServer{serverBase: base, name: name, steals: p.steals}
	return s.begin(p, bound, backlog, rendezvous.ByFlow, newLeastBusy)
}

// newStickyGroup makes a group in which a client has the same target each time.
func newStickyGroup(p *Primary, base serverBase, bound bind.Socket, name *wire.SockName, backlog int) (server, error) {
	s := &groupServer{serverBase: base, name: name, sticky: &stickySlots{}}
	return s.begin(p, bound, backlog, rendezvous.ByAddress, func() Balancer { return s.sticky })
}

func (s *groupServer) begin(p *Primary, bound bind.Socket, backlog int, by rendezvous.By, balancer func() Balancer) (server, error) {
	var err error
	if s.dispatcher, err = newDispatcher(p, s.key, balancer); err != nil {
		return nil, err
	}
	if s.groupSlots, err = newGroupSlots(p, bound.FD, backlog, by); err != nil {
		return nil, err
	}
	// What comes while all workers are on standby comes to the first socket.
	if err := s.watch(bound.FD, nil); err != nil {
		s.dispatcher.close()
		return nil, err
	}
	return s, nil
}

func (s *groupServer) primary() *Primary { return s.groupSlots.primary }

func (s *groupServer) join(w *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	n, handle, steered, err := s.slotFor(w)
	if err != nil {
		return nil, nil, err
	}
	s.unwatch(s.group.FD(n))
	m := groupMembership{newTarget(s.dispatcher, w), s, n, steered && w.Runtime().takesSocket()}
	if m.accepts {
		reply.Errno = new(int)
		m.maxWindow = maxExtra
	} else {
		if !w.Runtime().takesSocket() {
			w.primary.tellHandedOut(w.Runtime())
		}
		handle.Close()
		reply.SockName, handle = s.name, nil
	}
	if w.IsStandby() {
		err = m.leaveToOthers()
	} else {
		err = m.begin()
	}
	if err != nil {
		if handle != nil {
			handle.Close()
		}
		s.vacate(n)
		return nil, nil, err
	}
	return m, handle, nil
}

// slotFor takes a slot for a worker, which may be the successor of a member.
func (s *groupServer) slotFor(w *Worker) (n int, h *handlewrap.Handle, steered bool, err error) {
	before := -1
	if m, ok := w.membershipBefore(s.key).(groupMembership); ok && m.of == s {
		before = m.slot
	}
	return s.takeFor(w, before, handlewrap.NetNative)
}

// handOut accepts what comes to the socket of a target that takes none. It is the target's, unless another may have it too that is
// less busy.
func (s *groupServer) handOut(target *Target, fd int) error {
	if !s.steals {
		return s.watch(fd, target)
	}
	if err := s.watch(fd, nil); err != nil {
		return err
	}
	s.lookAt(target, -1)
	return nil
}

// lookAt has the primary take connections from a target that is busy, and for it while it has nothing to do. fd is its socket, -1 if it
// has none.
func (s *groupServer) lookAt(target *Target, fd int) {
	if s.steals {
		s.primary().onLoop.looks.add(s, target, fd)
	}
}

func (s *groupServer) lastCall(members map[*Worker]membership, idle func()) {
	for _, m := range members {
		m := m.(groupMembership)
		s.primary().onLoop.looks.remove(m.Target)
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
	of      *groupServer
	slot    int
	accepts bool // the worker has a copy of the socket
}

func (m groupMembership) server() server { return m.of }

func (m groupMembership) activate() {
	m.of.groupSlots.activate(m.slot)
	if err := m.begin(); err != nil {
		m.worker.fail(err)
	}
}

// begin has the target get connections, if it is the kernel's choice.
func (m groupMembership) begin() error {
	s := m.of
	if err := m.receive(); err != nil {
		return err
	}
	if s.sticky != nil {
		s.sticky.put(s.slots[m.slot].place, m.Target)
	}
	s.dispatcher.join(m.Target)
	return nil
}

// retire has others get what waits in the worker's socket, and what would come there.
func (m groupMembership) retire() {
	m.end()
	if !m.of.isLast {
		m.of.groupSlots.retire(m.slot)
	}
}

func (m groupMembership) leave() {
	switch s := m.of; {
	case m.gone:
		s.vacate(m.slot)
	case s.isLast:
		m.end()
	default:
		m.end()
		s.vacateFor(m.slot, s.primary().onLoop.graces.succession)
	}
}

// end has the target get no more. What comes to its socket is the others'.
func (m groupMembership) end() {
	s := m.of
	s.dispatcher.leave(m.Target)
	if s.isLast {
		return
	}
	s.primary().onLoop.looks.remove(m.Target)
	fd := s.group.FD(m.slot)
	s.unwatch(fd)
	if err := s.watch(fd, nil); err != nil {
		s.primary().warnOnce(err)
	}
}
