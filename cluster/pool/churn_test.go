//go:build unix

package pool_test

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// After ten thousand connections and fifty deaths a pool has no more descriptors and goroutines than before, and no
// client was left without an answer but those whose worker had theirs.
func TestNothingIsLeftOfConnectionsAndDeaths(t *testing.T) {
	nodetest.NoLeaks(t)
	const connections, deaths, clients = 10_000, 50, 8
	port := clustertest.FreePort(t)
	r := newRig(t, clustertest.Greeters(port), pool.Options{Instances: 3, MinPause: time.Millisecond})
	for w := 1; w <= 3; w++ {
		r.Listening(t, w, port)
	}
	clustertest.Serves(t, port, 10)
	descriptors, goroutines := clustertest.OpenDescriptors(t), runtime.NumGoroutine()

	var made, failed atomic.Int64
	var busy sync.WaitGroup
	for range clients {
		busy.Go(func() {
			for made.Add(1) <= connections {
				if !isGreeted(port) {
					failed.Add(1)
				}
			}
		})
	}
	for id := 1; id <= deaths; id++ {
		r.Listening(t, id, port)
		if err := r.Worker(id).Kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	busy.Wait()
	// A client has one connection at a time, so that a death takes no more than that many.
	if n := failed.Load(); n > deaths*clients {
		t.Errorf("%d of %d connections failed", n, connections)
	}
	for id := deaths + 1; id <= deaths+3; id++ {
		r.Listening(t, id, port)
	}
	if !clustertest.Eventually(func() bool {
		return clustertest.OpenDescriptors(t) <= descriptors && runtime.NumGoroutine() <= goroutines
	}) {
		t.Errorf("%d descriptors and %d goroutines, before %d and %d", clustertest.OpenDescriptors(t), runtime.NumGoroutine(), descriptors, goroutines)
	}
}

// isGreeted opens a connection and reports whether a worker answers.
func isGreeted(port int) bool {
	conn, err := net.Dial("tcp", clustertest.Local(port))
	if err != nil {
		return false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(clustertest.Patience))
	n, err := conn.Read(make([]byte, 16))
	return n > 0 && err == nil
}
