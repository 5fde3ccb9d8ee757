package pool_test

import (
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Workers are replaced under clients of all kinds. None of them loses a request, and none keeps a worker.
func TestDrainUnderLoad(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		// Side by side: each leaving takes a second, in which it does nothing.
		var pools []*drained
		for _, policy := range cluster.SchedulingPolicies() {
			pools = append(pools, startDrained(t, node, policy, pool.Options{Instances: 2, KillTimeout: clustertest.Patience}))
		}
		var reloading sync.WaitGroup
		for i, policy := range cluster.SchedulingPolicies() {
			clients := startDrainClients(t, string(policy), pools[i].kinds())
			reloads := 3
			if nodetest.All() {
				reloads = 1 // with each Node
			}
			reloading.Go(func() { reloadUnderLoad(t, string(policy), pools[i].Pool, reloads, clients) })
		}
		reloading.Wait()
	})
}

// reloadUnderLoad reloads a pool of two workers while clients ask.
func reloadUnderLoad(t *testing.T, name string, p *pool.Pool, reloads int, clients *drainClients) {
	t.Helper()
	for range reloads {
		report, err := p.Reload(clustertest.Patient(t), pool.ReloadOptions{Bake: -1, Parallel: 2})
		if err != nil || len(report.Replaced) != 2 {
			t.Errorf("%s: the reload has replaced %d workers: %v", name, len(report.Replaced), err)
		}
		if report.Took > clustertest.Patience/2 {
			t.Errorf("%s: the reload took %v: workers have not left by themselves", name, report.Took)
		}
	}
	clients.end()
	t.Logf("%s: %d answers", name, clients.answers.Load())
}
