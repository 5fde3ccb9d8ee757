package cluster

import (
	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// dealtServer is a listening socket of the primary's own, whose connections it deals out to the members.
type dealtServer struct {
	serverBase
	*dealer
	socket bind.Socket
	name   *wire.SockName
}

func newDealtServer(p *Primary, base serverBase, bound bind.Socket, name *wire.SockName, backlog int, balancer func() Balancer) (server, error) {
	if err := bind.Listen(bound.FD, backlog); err != nil {
		return nil, err
	}
	d, err := newDealer(p, base.key, balancer())
	if err != nil {
		return nil, err
	}
	if err := d.watch(bound.FD, nil); err != nil {
		return nil, err
	}
	return &dealtServer{serverBase: base, dealer: d, socket: bound, name: name}, nil
}

func (s *dealtServer) join(w *Worker, reply *wire.ServerReply) (membership, *handlewrap.Handle, error) {
	reply.SockName = s.name
	m := newMember(s.dealer, w)
	s.dealer.join(m)
	return dealtMember{m, s}, nil, nil
}

func (s *dealtServer) close() {
	s.dealer.close()
	s.socket.Close()
}

type dealtMember struct {
	*Member
	of *dealtServer
}

func (m dealtMember) server() server { return m.of }

func (m dealtMember) leave() { m.dealer.leave(m.Member) }
