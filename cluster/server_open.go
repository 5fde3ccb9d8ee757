package cluster

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// newServer makes the kind of server that the policy says, for the worker that asks for it.
func (p *Primary) newServer(key string, m *wire.FromWorker, w *Worker) (server, error) {
	base := serverBase{key: key, at: addressFrom(&m.Server), listenFDs: p.offered(m)}
	if m.IsPacket() {
		return p.newPacketServer(base, m)
	}
	requests := p.streamRequests(base.listenFDs, m, w)
	bound, err := bind.Stream(requests[0])
	if err != nil {
		return nil, p.explainInUse(err, m)
	}
	s, err := p.newStreamServer(base, m, bound)
	if err != nil {
		bound.Close()
		return nil, err
	}
	if d, ok := s.(*dispatchedServer); ok {
		if err := d.listenToo(requests[1:], wire.Integer(m.Backlog, 0)); err != nil {
			d.close()
			return nil, err
		}
	}
	return s, nil
}

// streamRequests are the sockets that a server is to have: descriptors that are offered, if there are some. It can do without another one
// after the first.
func (p *Primary) streamRequests(offered []int, m *wire.FromWorker, w *Worker) (requests []bind.Request) {
	for _, fd := range offered {
		requests = append(requests, bind.Request{FD: fd, Offered: true})
	}
	if len(requests) > 0 {
		return requests
	}
	request := p.bindRequest(&m.Server)
	name, isAbstract := m.Server.AbstractName()
	if !isAbstract {
		return []bind.Request{request}
	}
	known := request
	known.Address, request.Address = name, w.ownAbstractName(name)
	if known.Address == request.Address {
		return []bind.Request{request}
	}
	// Some clients know the socket by another name than the worker's own Node does. No harm is done if that is another's.
	return []bind.Request{request, known}
}

// newStreamServer makes a server of a socket, which is the server's unless there is an error.
func (p *Primary) newStreamServer(base serverBase, m *wire.FromWorker, bound bind.Socket) (server, error) {
	backlog := wire.Integer(m.Backlog, 0)
	bindAddress, err := bound.Addr()
	if err != nil {
		return nil, err
	}
	name := wire.NewSockName(bindAddress)
	if name != nil {
		base.at.Port = name.Port
	}
	balancer := func() Balancer { return p.newBalancer(base.at) }
	// There are no groups of Unix sockets, and another process may listen on a socket that the primary was started with.
	grouped := name != nil && !bound.Inherited
	switch {
	case p.policy == SchedReusePort && grouped:
		s, err := newFlowGroup(p, base, bound, name, backlog)
		if errors.Is(err, errors.ErrUnsupported) {
			p.warnOfPolicy(fmt.Errorf("%s is served as %q: %w", &m.Server, SchedNone, err))
			return p.newSharedServer(base, handlewrap.NetNative, bound), nil
		}
		return s, err
	case p.policy == SchedReusePort && name != nil:
		p.warnOfPolicy(fmt.Errorf("%s is served as %q: %w", &m.Server, SchedRR, errGiven))
		return newDispatchedServer(p, base, bound, name, backlog, balancer)
	case p.policy == SchedNone && len(base.listenFDs) > 1:
		p.warnOfPolicy(fmt.Errorf("%s is served as %q: it has %d sockets, and a worker takes one", &m.Server, SchedRR, len(base.listenFDs)))
		return newDispatchedServer(p, base, bound, name, backlog, balancer)
	case p.policy == SchedNone, p.policy == SchedReusePort:
		return p.newSharedServer(base, handlewrap.NetNative, bound), nil
	case p.policy == SchedSticky && p.find != nil:
		return newKeyedServer(p, base, bound, name, backlog)
	case p.policy == SchedSticky && grouped:
		s, err := newStickyGroup(p, base, bound, name, backlog)
		if errors.Is(err, errors.ErrUnsupported) {
			return newDispatchedServer(p, base, bound, name, backlog, newSticky)
		}
		return s, err
	case p.policy == SchedSticky && name != nil:
		return newDispatchedServer(p, base, bound, name, backlog, newSticky)
	default:
		return newDispatchedServer(p, base, bound, name, backlog, balancer)
	}
}

func (p *Primary) newSharedServer(base serverBase, t handlewrap.Type, bound bind.Socket) server {
	return &sharedServer{serverBase: base, handleType: t, socket: bound, primary: p}
}

// newPacketServer makes a server of datagrams, which workers receive without the primary.
func (p *Primary) newPacketServer(base serverBase, m *wire.FromWorker) (server, error) {
	by, grouped := map[SchedulingPolicy]rendezvous.By{SchedReusePort: rendezvous.ByFlow, SchedSticky: rendezvous.ByAddress}[p.policy]
	request := p.bindRequest(&m.Server)
	if len(base.listenFDs) > 0 {
		request = bind.Request{FD: base.listenFDs[0], Offered: true}
	}
	if grouped && request.FD <= 0 {
		if s := p.sharedPacketGroup(base, &m.Server); s != nil {
			return s, nil
		}
	}
	bound, err := bind.Packet(request)
	if err != nil {
		return nil, p.explainInUse(err, m)
	}
	if grouped {
		s, err := newPacketGroup(p, base, &m.Server, bound, by)
		switch {
		case err == nil:
			return s, nil
		case !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, errGiven):
			bound.Close()
			return nil, err
		}
		p.warnOfPolicy(fmt.Errorf("UDP on %s is served as %q: %w", &m.Server, SchedNone, err))
	}
	return p.newSharedServer(base, handlewrap.DgramNative, bound), nil
}

// bindRequest returns what a worker's server asks to be bound to.
func (p *Primary) bindRequest(s *wire.Server) bind.Request {
	flags, fd := wire.Integer(s.Flags, 0), wire.Integer(s.FD, -1)
	return bind.Request{
		FD:           fd,
		Offered:      s.Offered || slices.Contains(p.Settings().ListenFDs, fd),
		Address:      wire.TextOrEmpty(s.Address),
		Port:         wire.Integer(s.Port, -1),
		IPv6:         wire.Text(s.AddressType) == "udp6",
		IPv6Only:     flags&wire.FlagIPv6Only != 0,
		ReuseAddress: s.ReusesAddress(),
		ReusePort:    flags&wire.FlagReusePort != 0,
		ReadableAll:  wire.IsTrue(s.ReadableAll),
		WritableAll:  wire.IsTrue(s.WritableAll),
	}
}
