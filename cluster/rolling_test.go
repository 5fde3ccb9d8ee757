//go:build unix

package cluster_test

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Workers are replaced one after the other under clients that open a connection for each request. None notices.
func TestRollingDisconnects(t *testing.T) {
	nodetest.NoLeaks(t)
	const workers, clients, rolls = 3, 8, 6
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		port := clustertest.FreePort(t)
		r := clustertest.NewRig(t, cluster.Settings{
			Exec:     nodetest.Script(t, "quick.js", `require('http').createServer((q, r) => r.end('x')).listen(process.env.PORT, '127.0.0.1')`),
			ExecPath: node.Path, Env: []string{"PORT=" + strconv.Itoa(port)}, SchedulingPolicy: cluster.SchedRR,
		})
		for id := 1; id <= workers; id++ {
			r.MustFork()
			r.Listening(t, id, port)
		}
		var asking sync.WaitGroup
		var stop atomic.Bool
		var answered, failed atomic.Int32
		for range clients {
			client := clustertest.RealClient(t, false, nil)
			asking.Go(func() {
				for !stop.Load() {
					response, err := client.Get("http://" + clustertest.Local(port))
					if err != nil {
						failed.Add(1)
						t.Error(err)
						continue
					}
					io.Copy(io.Discard, response.Body)
					response.Body.Close()
					if response.StatusCode == http.StatusOK {
						answered.Add(1)
					}
				}
			})
		}
		for id := 1; id <= rolls; id++ {
			next := r.MustFork()
			r.Listening(t, next.ID(), port)
			old := r.ForkedWorker(id)
			old.Disconnect()
			awaitClosed(t, "gone", old.Gone())
		}
		stop.Store(true)
		asking.Wait()
		t.Logf("%d answered, %d failed", answered.Load(), failed.Load())
	})
}
