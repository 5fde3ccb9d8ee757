//go:build unix

package cluster_test

import (
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestRealConnectionsSpreadEvenly(t *testing.T) {
	nodetest.NoLeaks(t)
	const workers, clients, connections = 4, 16, 2000
	p := clustertest.StartReal(t, nodetest.Default(t), clustertest.RealApp(t, "http.js"), workers, 1)
	client := clustertest.RealClient(t, false, nil)

	var mu sync.Mutex
	served := map[int]int{}
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for range connections / clients {
				answer, _, err := clustertest.Identity(client, p.URL("/"))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				served[answer.Worker]++
				mu.Unlock()
			}
		})
	}
	running.Wait()

	const even = connections / workers
	for id := range p.Workers {
		if n := served[id]; n < even*3/4 || n > even*5/4 {
			t.Errorf("worker %d had %d of %d connections, want %d within a quarter: %v", id, n, connections, even, served)
		}
	}
}
