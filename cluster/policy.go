package cluster

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/rendezvous"
	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// SchedulingPolicy says who hands out connections, and to whom.
type SchedulingPolicy string

const (
	// SchedRR: the primary accepts and deals connections out in turns, as Node does, up to 8 of them on their way to a worker
	// that keeps up. It is the default. With more than four workers for each of GOMAXPROCS, connections that come together go
	// to one of them, up to 8 in its turn, rather than wake as many.
	SchedRR SchedulingPolicy = "rr"
	// SchedNone: workers share the listening socket, and the operating system decides, as in Node.
	SchedNone SchedulingPolicy = "none"
	// SchedReusePort: each worker has a listening socket of its own on the same address, and the kernel spreads connections
	// over them. The primary keeps the sockets: a worker's successor gets its socket, and until then the primary deals out what
	// waits in it. Where the system has no such groups of sockets (all but Linux) it is as SchedNone, and an [ErrorEvent] says
	// so; so it is for Unix sockets, and for descriptors that the primary was started with.
	SchedReusePort SchedulingPolicy = "reuseport"
	// SchedSticky: a client's address decides which worker it gets, and so a worker's successor has its clients too. It is
	// done by the kernel, as SchedReusePort, or by the primary where the system has no groups of sockets. Among up to 256
	// workers; clients on Unix sockets have no address, and their connections are dealt out in turns.
	SchedSticky SchedulingPolicy = "sticky"
	// SchedLeast: the primary accepts, and deals connections out to the worker that has the fewest unanswered, and of several
	// to those that were the quickest to answer lately, whose event loops are the least busy.
	SchedLeast SchedulingPolicy = "least"
)

// SchedulingPolicies are all that there are.
func SchedulingPolicies() []SchedulingPolicy {
	return []SchedulingPolicy{SchedRR, SchedNone, SchedReusePort, SchedSticky, SchedLeast}
}

func (s *Settings) schedulingPolicy() (SchedulingPolicy, error) {
	policy := s.SchedulingPolicy
	if policy == "" {
		// Node takes any other value of the variable for the default.
		policy = SchedRR
		if fromEnv := SchedulingPolicy(os.Getenv("NODE_CLUSTER_SCHED_POLICY")); slices.Contains(SchedulingPolicies(), fromEnv) {
			policy = fromEnv
		}
		if s.NewBalancer != nil {
			policy = SchedRR
		}
	}
	if !slices.Contains(SchedulingPolicies(), policy) {
		return "", fmt.Errorf("cluster: scheduling policy %q is not known; use %s", policy, quoted(SchedulingPolicies()))
	}
	if s.NewBalancer != nil && policy != SchedRR {
		return "", fmt.Errorf("cluster: scheduling policy %q leaves nothing for NewBalancer to choose; use %q", policy, SchedRR)
	}
	return policy, nil
}

func quoted(policies []SchedulingPolicy) string {
	var all []string
	for _, p := range policies {
		all = append(all, fmt.Sprintf("%q", p))
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// balancer is what deals out the connections of one server.
func (s *Settings) balancer(policy SchedulingPolicy) func() Balancer {
	switch {
	case s.NewBalancer != nil:
		return s.NewBalancer
	case policy == SchedLeast:
		return newLeastBusy
	default:
		return newRoundRobin
	}
}

// newServer makes what the policy wants for a server in a worker.
func (p *Primary) newServer(key string, m *wire.FromWorker) (server, error) {
	if m.IsPacket() {
		return p.newPacketServer(key, m)
	}
	bound, err := bind.Stream(bindRequest(&m.Server))
	if err != nil {
		return nil, err
	}
	s, err := p.newStreamServer(serverBase{key: key}, m, bound)
	if err != nil {
		bound.Close()
		return nil, err
	}
	return s, nil
}

// newStreamServer makes a server of a socket that is the server's if there is no error.
func (p *Primary) newStreamServer(base serverBase, m *wire.FromWorker, bound bind.Socket) (server, error) {
	backlog := wire.Integer(m.Backlog, 0)
	address, err := bound.Addr()
	if err != nil {
		return nil, err
	}
	name := wire.NewSockName(address)
	// A path has no groups, and a socket that the primary was started with may be listened on elsewhere.
	grouped := name != nil && !m.IsInherited()
	switch {
	case p.policy == SchedReusePort && grouped:
		s, err := newGroupServer(p, base, bound, name, backlog, rendezvous.ByFlow)
		if errors.Is(err, errors.ErrUnsupported) {
			p.warnOfPolicy(fmt.Errorf("%s is served as %q: %w", &m.Server, SchedNone, err))
			return newSharedServer(base, handlewrap.NetNative, bound), nil
		}
		return s, err
	case p.policy == SchedNone, p.policy == SchedReusePort:
		return newSharedServer(base, handlewrap.NetNative, bound), nil
	case p.policy == SchedSticky && grouped:
		s, err := newGroupServer(p, base, bound, name, backlog, rendezvous.ByAddress)
		if errors.Is(err, errors.ErrUnsupported) {
			return newDealtServer(p, base, bound, name, backlog, newSticky)
		}
		return s, err
	case p.policy == SchedSticky && name != nil:
		return newDealtServer(p, base, bound, name, backlog, newSticky)
	default:
		return newDealtServer(p, base, bound, name, backlog, p.newBalancer)
	}
}

// newPacketServer makes a server of datagrams, which go to a worker without the primary.
func (p *Primary) newPacketServer(key string, m *wire.FromWorker) (server, error) {
	bound, err := bind.Packet(bindRequest(&m.Server))
	if err != nil {
		return nil, err
	}
	base := serverBase{key: key}
	if by, grouped := map[SchedulingPolicy]rendezvous.By{
		SchedReusePort: rendezvous.ByFlow, SchedSticky: rendezvous.ByAddress,
	}[p.policy]; grouped && wire.Integer(m.FD, -1) <= 0 {
		s, err := newPacketGroup(p, base, bound, by)
		switch {
		case err == nil:
			return s, nil
		case !errors.Is(err, errors.ErrUnsupported):
			bound.Close()
			return nil, err
		}
		p.warnOfPolicy(fmt.Errorf("UDP on %s is served as %q: %w", &m.Server, SchedNone, err))
	}
	return newSharedServer(base, handlewrap.DgramNative, bound), nil
}

// bindRequest is what a worker's server wants to be bound to.
func bindRequest(s *wire.Server) bind.Request {
	flags := wire.Integer(s.Flags, 0)
	return bind.Request{
		FD:           wire.Integer(s.FD, -1),
		Address:      wire.TextOrEmpty(s.Address),
		Port:         wire.Integer(s.Port, -1),
		IPv6:         wire.Text(s.AddressType) == "udp6",
		IPv6Only:     flags&wire.FlagIPv6Only != 0,
		ReuseAddress: flags&wire.FlagReuseAddress != 0,
		ReusePort:    flags&wire.FlagReusePort != 0,
		ReadableAll:  wire.IsTrue(s.ReadableAll),
		WritableAll:  wire.IsTrue(s.WritableAll),
	}
}
