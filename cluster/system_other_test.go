//go:build unix && (!linux || portable)

package cluster_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Every policy serves where one handle is on its way at a time, there are no groups of sockets, and a goroutine waits for each
// worker: from a death to its successor, and until all are asked to leave.
func TestOtherSystem(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range cluster.SchedulingPolicies() {
			t.Run(string(policy), func(t *testing.T) {
				nodetest.NoLeaks(t)
				r := clustertest.NewAgents(t, node, policy, 2)
				r.ExpectErrors = policy == cluster.SchedReusePort
				port := clustertest.FreePort(t)
				clustertest.ListenAll(t, r, port, 1, 2)
				if policy == cluster.SchedReusePort {
					expectNoGroups(t, r)
				}
				serveMany(t, port, 1, 2)
				r.Kill(1, syscall.SIGKILL)
				r.Event(t, "exit", 1)
				serveMany(t, port, 2)
				r.Ready(r.MustFork())
				clustertest.ListenAll(t, r, port, 3)
				serveMany(t, port, 2, 3)
				if err := r.Disconnect(clustertest.Patient(t)); err != nil {
					t.Fatal(err)
				}
				clustertest.ExpectRefusal(t, port)
			})
		}
	})
}

// expectNoGroups awaits the event that says how connections are handed out instead.
func expectNoGroups(t *testing.T, r *clustertest.Rig) {
	t.Helper()
	o := r.Event(t, "error", 0)
	if !strings.Contains(o.Err.Error(), `served as "none"`) || !errors.Is(o.Err, errors.ErrUnsupported) {
		t.Errorf("the error event says %v", o.Err)
	}
}

// serveMany opens many connections at once, all of which these workers and no others answer.
func serveMany(t *testing.T, port int, workers ...int) {
	t.Helper()
	clients := clustertest.ConnectAll(t, port, 100)
	served := 0
	for worker, n := range clustertest.Greetings(t, clients) {
		served += n
		if worker != workers[0] && worker != workers[len(workers)-1] {
			t.Errorf("worker %d serves %d", worker, n)
		}
	}
	if served != len(clients) {
		t.Errorf("%d of %d are served", served, len(clients))
	}
	clustertest.HangUp(clients)
}
