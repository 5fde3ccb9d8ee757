package cluster_test

import (
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// Where no process starts together with a descriptor of it, workers serve and end as elsewhere.
func TestWorkersWithoutPidFD(t *testing.T) {
	nodetest.UnderSeccomp(t, nodetest.WithoutPidFD(unix.EINVAL), func(t *testing.T) {
		nodetest.NoLeaks(t)
		r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, 2)
		expectAllServe(t, port, 1, 2)
		r.Kill(1, syscall.SIGTERM)
		r.Event(t, "exit", 1)
		expectAllServe(t, port, 2)
		r.DisconnectWorker(2)
		r.Event(t, "exit", 2)
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
			t.Errorf("a worker is left: %d, %v", pid, err)
		}
	})
}
