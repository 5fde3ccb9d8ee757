package cluster

import (
	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// sharedServer is one socket of which every worker has a copy: one of UDP, and any under SchedNone.
type sharedServer struct {
	serverBase
	handleType handlewrap.Type
	socket     bind.Socket
	primary    *Primary
	last       *dispatcher // of what waited in the socket at the last call; nil before
}

func (s *sharedServer) join(w *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	if w.IsStandby() {
		return nil, nil, errStandby
	}
	fd, err := bind.Dup(s.socket.FD)
	if err != nil {
		return nil, nil, err
	}
	reply.Errno = new(int)
	return &sharedMembership{of: s}, handlewrap.New(s.handleType, fd), nil
}

func (s *sharedServer) hasConnections() bool { return s.handleType == handlewrap.NetNative }

// lastCall deals out what waits in the socket: workers accept one after the other, and would not get to all before they close it.
func (s *sharedServer) lastCall(members map[*Worker]membership, idle func()) {
	defer s.socket.Close()
	if !s.hasConnections() || s.socket.Inherited { // another process may accept from that
		idle()
		return
	}
	d, err := newDispatcher(s.primary, s.key, func() Balancer { return newTargetQueues() })
	if err != nil {
		idle()
		return
	}
	s.last = d
	for w, m := range members {
		m.(*sharedMembership).target = newTarget(d, w)
		d.join(m.(*sharedMembership).target)
	}
	d.acceptAll(s.socket.FD, nil)
	d.lastCall(idle)
}

func (s *sharedServer) close() {
	if s.last != nil {
		s.last.close()
	}
	if !s.isLast {
		s.socket.Close()
	}
}

type sharedMembership struct {
	of     *sharedServer
	target *Target // nil before the last call
}

func (m *sharedMembership) server() server { return m.of }

func (m *sharedMembership) activate() {}

func (m *sharedMembership) retire() { m.leave() }

func (m *sharedMembership) leave() {
	if m.target != nil {
		m.target.dispatcher.leave(m.target)
	}
}

func (m *sharedMembership) retry() {
	if m.target != nil {
		m.target.retry()
	}
}
