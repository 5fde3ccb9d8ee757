//go:build !portable

package cluster_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// What waits for a worker that stands still is counted, and gone once the worker goes on.
func TestWaiting(t *testing.T) {
	nodetest.NoLeaks(t)
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r := clustertest.NewAgents(t, nodetest.Default(t), policy, 1)
		port := clustertest.Listen(t, r, 1, map[string]any{"port": 0, "host": "127.0.0.1"})
		clustertest.Listen(t, r, 1, map[string]any{"path": t.TempDir() + "/socket"}) // of which nothing is told
		if n := r.Waiting(); n != 0 {
			t.Errorf("%d connections wait, and there are none", n)
		}
		w := r.ForkedWorker(1)
		r.Signal(w, syscall.SIGSTOP)
		const clients = 20
		want := clients
		if policy == cluster.SchedRR || policy == cluster.SchedLeast {
			want-- // that is on its way to the worker
		}
		for range clients {
			conn, err := net.Dial("tcp", clustertest.Local(port))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
		if !clustertest.Eventually(func() bool { return r.Waiting() == want }) {
			t.Errorf("%d connections wait, want %d", r.Waiting(), want)
		}
		r.Signal(w, syscall.SIGCONT)
		if !clustertest.Eventually(func() bool { return r.Waiting() == 0 }) {
			t.Errorf("%d connections wait, want none", r.Waiting())
		}
	})
}
