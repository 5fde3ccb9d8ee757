package cluster

import (
	"errors"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// dispatchedServer is a listening socket whose connections the primary accepts and hands to the targets.
type dispatchedServer struct {
	serverBase
	*dispatcher
	socket bind.Socket
	others []bind.Socket // see listenToo
	name   *wire.SockName
}

func newDispatchedServer(p *Primary, base serverBase, bound bind.Socket, name *wire.SockName, backlog int, balancer func() Balancer) (server, error) {
	if err := bound.Listen(backlog); err != nil {
		return nil, err
	}
	d, err := newDispatcher(p, base.key, balancer)
	if err != nil {
		return nil, err
	}
	if err := d.watch(bound.FD, nil); err != nil {
		d.close()
		return nil, err
	}
	return &dispatchedServer{serverBase: base, dispatcher: d, socket: bound, name: name}, nil
}

// newKeyedServer makes a server of which the first bytes of a connection decide who gets it.
func newKeyedServer(p *Primary, base serverBase, bound bind.Socket, name *wire.SockName, backlog int) (server, error) {
	s, err := newDispatchedServer(p, base, bound, name, backlog, newStickyByKey)
	if err != nil {
		return nil, err
	}
	d := s.(*dispatchedServer).dispatcher
	d.firstBytes = newFirstBytes(d, p.find)
	return s, nil
}

// listenToo accepts the connections of other sockets too, but for those that cannot be had and are not offered.
func (s *dispatchedServer) listenToo(requests []bind.Request, backlog int) error {
	for _, r := range requests {
		if err := s.add(r, backlog); err != nil && r.Offered {
			return err
		}
	}
	return nil
}

func (s *dispatchedServer) add(r bind.Request, backlog int) error {
	other, err := bind.Stream(r)
	if err != nil {
		return err
	}
	if err := errors.Join(other.Listen(backlog), s.watch(other.FD, nil)); err != nil {
		s.unwatch(other.FD)
		other.Close()
		return err
	}
	s.others = append(s.others, other)
	return nil
}

func (s *dispatchedServer) join(w *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	reply.SockName = s.name
	m := dispatchedMembership{newTarget(s.dispatcher, w), s}
	if !w.IsStandby() {
		m.activate()
	}
	return m, nil, nil
}

func (s *dispatchedServer) lastCall(_ map[*Worker]membership, idle func()) {
	s.dispatcher.lastCall(idle)
	s.closeSockets()
}

func (s *dispatchedServer) close() {
	s.dispatcher.close()
	if !s.isLast {
		s.closeSockets()
	}
}

func (s *dispatchedServer) closeSockets() {
	s.socket.Close()
	for i := range s.others {
		s.others[i].Close()
	}
}

type dispatchedMembership struct {
	*Target
	of *dispatchedServer
}

func (m dispatchedMembership) server() server { return m.of }

func (m dispatchedMembership) activate() { m.dispatcher.join(m.Target) }

func (m dispatchedMembership) retire() { m.leave() }

func (m dispatchedMembership) leave() { m.dispatcher.leave(m.Target) }
