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
	if m.IsPacket() {
		return p.newPacketServer(key, m)
	}
	request := p.bindRequest(&m.Server)
	name, isAbstract := m.Server.AbstractName()
	if isAbstract {
		request.Address = w.ownAbstractName(name)
	}
	bound, err := bind.Stream(request)
	if err != nil {
		return nil, err
	}
	s, err := p.newStreamServer(serverBase{key: key, at: addressFrom(&m.Server)}, m, bound)
	if err != nil {
		bound.Close()
		return nil, err
	}
	if s, ok := s.(*dispatchedServer); ok && isAbstract && request.Address != name {
		request.Address = name
		s.listenToo(request, wire.Integer(m.Backlog, 0))
	}
	return s, nil
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
	// There are no groups of Unix sockets, and another process may listen on a socket that the primary was started with.
	grouped := name != nil && !m.IsInherited()
	switch {
	case p.policy == SchedReusePort && grouped:
		s, err := newFlowGroup(p, base, bound, name, backlog)
		if errors.Is(err, errors.ErrUnsupported) {
			p.warnOfPolicy(fmt.Errorf("%s is served as %q: %w", &m.Server, SchedNone, err))
			return p.newSharedServer(base, m, handlewrap.NetNative, bound), nil
		}
		return s, err
	case p.policy == SchedNone, p.policy == SchedReusePort:
		return p.newSharedServer(base, m, handlewrap.NetNative, bound), nil
	case p.policy == SchedSticky && grouped:
		s, err := newStickyGroup(p, base, bound, name, backlog)
		if errors.Is(err, errors.ErrUnsupported) {
			return newDispatchedServer(p, base, bound, name, backlog, newSticky)
		}
		return s, err
	case p.policy == SchedSticky && name != nil:
		return newDispatchedServer(p, base, bound, name, backlog, newSticky)
	default:
		return newDispatchedServer(p, base, bound, name, backlog, func() Balancer { return p.newBalancer(base.at) })
	}
}

func (p *Primary) newSharedServer(base serverBase, m *wire.FromWorker, t handlewrap.Type, bound bind.Socket) server {
	return &sharedServer{serverBase: base, handleType: t, socket: bound, inherited: m.IsInherited(), primary: p}
}

// newPacketServer makes a server of datagrams, which workers receive without the primary.
func (p *Primary) newPacketServer(key string, m *wire.FromWorker) (server, error) {
	base := serverBase{key: key, at: addressFrom(&m.Server)}
	by, grouped := map[SchedulingPolicy]rendezvous.By{SchedReusePort: rendezvous.ByFlow, SchedSticky: rendezvous.ByAddress}[p.policy]
	if wire.Integer(m.FD, -1) > 0 {
		grouped = false
	}
	if grouped {
		if s := p.sharedPacketGroup(base, &m.Server); s != nil {
			return s, nil
		}
	}
	bound, err := bind.Packet(p.bindRequest(&m.Server))
	if err != nil {
		return nil, err
	}
	if grouped {
		s, err := newPacketGroup(p, base, &m.Server, bound, by)
		switch {
		case err == nil:
			return s, nil
		case !errors.Is(err, errors.ErrUnsupported):
			bound.Close()
			return nil, err
		}
		p.warnOfPolicy(fmt.Errorf("UDP on %s is served as %q: %w", &m.Server, SchedNone, err))
	}
	return p.newSharedServer(base, m, handlewrap.DgramNative, bound), nil
}

// bindRequest returns what a worker's server asks to be bound to.
func (p *Primary) bindRequest(s *wire.Server) bind.Request {
	flags, fd := wire.Integer(s.Flags, 0), wire.Integer(s.FD, -1)
	return bind.Request{
		FD:           fd,
		Offered:      slices.Contains(p.Settings().ListenFDs, fd),
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
