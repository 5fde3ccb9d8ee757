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
	// SchedRR: the primary accepts, and hands connections to the workers one after the other, as Node does. Up to 8 are on their
	// way to a worker that keeps up. It is the default. With more than four workers for each of GOMAXPROCS, up to 8
	// connections that come together go to one worker, because to wake as many workers would cost more.
	SchedRR SchedulingPolicy = "rr"
	// SchedNone: workers share the listening socket, and the operating system decides, as in Node.
	SchedNone SchedulingPolicy = "none"
	// SchedReusePort: each worker has a listening socket of its own on the same address, and the kernel spreads connections
	// over them. The primary keeps the sockets open. When a worker is gone, its successor gets its socket, and until there is one the
	// primary hands what comes to it to other workers. So it does with what waits for a worker that has not come to accept for two
	// milliseconds, while another has nothing to do, unless Settings.NoSteal is set.
	//
	// Only Linux has such groups of sockets. Elsewhere, for Unix sockets and for descriptors that the primary was started
	// with, it is as SchedNone. Workers on Deno and Bun cannot have a socket of their own: the primary hands them what comes to
	// theirs. An [ErrorEvent] tells of a system without groups, and of such workers.
	SchedReusePort SchedulingPolicy = "reuseport"
	// SchedSticky: a client's address decides which worker it gets. When a worker is gone, its successor has its clients. The
	// kernel chooses, as for SchedReusePort, or the primary where the system has no groups of sockets, or takes no BPF program that
	// chooses in them: it is found out before anybody can connect. There may be up to 256 workers. Clients on Unix sockets have no
	// address: their connections are handed out as by SchedRR.
	//
	// With a Settings.StickyKey it is the first bytes of a connection that decide instead, the primary accepts and hands out all
	// connections, and there may be any number of workers.
	SchedSticky SchedulingPolicy = "sticky"
	// SchedLeast: the primary accepts, and hands each connection to the worker that has the fewest unanswered. Of several it chooses
	// one that has answered quickest of late, whose event loop is the least busy.
	SchedLeast SchedulingPolicy = "least"
)

// SchedulingPolicies returns all policies.
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
		switch {
		case s.NewBalancer != nil:
			policy = SchedRR
		case s.StickyKey != "":
			policy = SchedSticky
		}
	}
	if !slices.Contains(SchedulingPolicies(), policy) {
		return "", fmt.Errorf("cluster: scheduling policy %q is not known; use %s", policy, quoted(SchedulingPolicies()))
	}
	if s.NewBalancer != nil && policy != SchedRR {
		return "", fmt.Errorf("cluster: scheduling policy %q leaves nothing for NewBalancer to choose; use %q", policy, SchedRR)
	}
	if s.StickyKey != "" && policy != SchedSticky {
		return "", fmt.Errorf("cluster: scheduling policy %q has no sticky key; use %q, or leave out the key %q", policy, SchedSticky, string(s.StickyKey))
	}
	return policy, nil
}

// batches reports whether the primary's thread is in SCHED_BATCH: where the primary handles each connection.
func (s *Settings) batches(policy SchedulingPolicy) bool {
	return !s.NoBatch && (policy == SchedRR || policy == SchedLeast || policy == SchedSticky && s.StickyKey != "")
}

func quoted[T ~string](values []T) string {
	var all []string
	for _, p := range values {
		all = append(all, fmt.Sprintf("%q", p))
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// newBalancer makes the balancer of one listening socket.
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
