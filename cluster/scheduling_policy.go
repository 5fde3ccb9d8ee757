package cluster

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// SchedulingPolicy says who hands out connections, and to whom.
type SchedulingPolicy string

const (
	// SchedRR: the primary accepts and hands connections out in turns, as Node does, up to 8 of them on their way to a worker
	// that keeps up. It is the default. With more than four workers for each of GOMAXPROCS, connections that come together go
	// to one of them, up to 8 in its turn, rather than wake as many.
	SchedRR SchedulingPolicy = "rr"
	// SchedNone: workers share the listening socket, and the operating system decides, as in Node.
	SchedNone SchedulingPolicy = "none"
	// SchedReusePort: each worker has a listening socket of its own on the same address, and the kernel spreads connections
	// over them. The primary keeps the sockets: a worker's successor gets its socket, and until then the primary hands out what
	// waits in it. Where the system has no such groups of sockets (all but Linux) it is as SchedNone, and an [ErrorEvent] says
	// so; so it is for Unix sockets, and for descriptors that the primary was started with. Workers on Deno and Bun cannot have a
	// socket of their own: the primary hands out what comes to theirs, and an ErrorEvent says so.
	SchedReusePort SchedulingPolicy = "reuseport"
	// SchedSticky: a client's address decides which worker it gets, and so a worker's successor has its clients too. It is
	// done by the kernel, as SchedReusePort, or by the primary where the system has no groups of sockets. Among up to 256
	// workers; clients on Unix sockets have no address, and their connections are handed out in turns.
	SchedSticky SchedulingPolicy = "sticky"
	// SchedLeast: the primary accepts, and hands connections out to the worker that has the fewest unanswered, and of several
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

func quoted[T ~string](values []T) string {
	var all []string
	for _, p := range values {
		all = append(all, fmt.Sprintf("%q", p))
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// newBalancer makes what hands out the connections of one listening socket.
func (p *Primary) newBalancer(a Address) Balancer {
	if p.customBalancer != nil {
		if b := p.customBalancer(a); b != nil {
			return b
		}
	}
	if p.policy == SchedLeast {
		return newLeastBusy()
	}
	return newRoundRobin()
}
