//go:build unix

package cluster_test

import (
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Clients that have connected before all workers are asked to leave are served, wherever their connections wait.
func TestDisconnectOfAllServesWhoWaits(t *testing.T) {
	nodetest.NoLeaks(t)
	const clients = 40
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone, cluster.SchedReusePort} {
			t.Run(string(policy), func(t *testing.T) {
				r := clustertest.NewAgents(t, node, policy, 2)
				port := clustertest.FreePort(t)
				clustertest.ListenAll(t, r, port, 1, 2)
				for id := 1; id <= 2; id++ {
					clustertest.Stop(t, r.ForkedWorker(id))
				}
				waiting := clustertest.ConnectAll(t, port, clients)
				left := make(chan error, 1)
				go func() { left <- r.Disconnect(clustertest.Patient(t)) }()
				clustertest.Eventually(func() bool { return len(r.Workers()) == 0 })
				for id := 1; id <= 2; id++ {
					r.Kill(id, syscall.SIGCONT)
				}
				clustertest.Greetings(t, waiting)
				clustertest.HangUp(waiting)
				if err := nodetest.Receive(t, left, "end of the workers"); err != nil {
					t.Error(err)
				}
				clustertest.ExpectRefusal(t, port)
			})
		}
	})
}

// What waits in the socket of a worker that has died is served by those who are asked to leave.
func TestDisconnectOfAllServesTheQueueOfTheDead(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedReusePort, 2)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2)
	for id := 1; id <= 2; id++ {
		clustertest.Stop(t, r.ForkedWorker(id))
	}
	waiting := clustertest.ConnectAll(t, port, 40)
	r.Kill(1, syscall.SIGKILL)
	r.Event(t, "exit", 1)
	left := make(chan error, 1)
	go func() { left <- r.Disconnect(clustertest.Patient(t)) }()
	clustertest.Eventually(func() bool { return len(r.Workers()) == 0 })
	r.Kill(2, syscall.SIGCONT)
	if by := clustertest.Greetings(t, waiting); by[2] != len(waiting) {
		t.Errorf("connections by worker: %v, want all with worker 2", by)
	}
	clustertest.HangUp(waiting)
	if err := nodetest.Receive(t, left, "end of the workers"); err != nil {
		t.Error(err)
	}
}
