//go:build unix

package cluster_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// slowClient is how late a client sends its request that cannot expect an answer of a worker which leaves: the worker waits for it as
// long as that at least.
const slowClient = 10 * time.Millisecond

// request asks on a connection of its own. It returns how long after it had begun to connect the request was sent, or had failed before.
func request(client *http.Client, url string) (sent time.Duration, err error) {
	begun := time.Now()
	var wrote atomic.Int64
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { wrote.Store(int64(time.Since(begun))) }}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(r)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	if sent = time.Duration(wrote.Load()); sent == 0 {
		sent = time.Since(begun)
	}
	return sent, err
}

// Workers are replaced one after the other under clients that open a connection for each request. None notices that sends its request
// at once.
func TestRollingDisconnects(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort} {
			t.Run(string(policy), func(t *testing.T) { rollingDisconnects(t, node, policy) })
		}
	})
}

func rollingDisconnects(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy) {
	const workers, clients, rolls = 3, 8, 6
	port := clustertest.FreePort(t)
	r := clustertest.NewRig(t, cluster.Settings{
		Exec:     nodetest.Script(t, "quick.js", `require('http').createServer((q, r) => r.end('x')).listen(process.env.PORT, '127.0.0.1')`),
		ExecPath: node.Path, Env: []string{"PORT=" + strconv.Itoa(port)}, SchedulingPolicy: policy,
	})
	for id := 1; id <= workers; id++ {
		r.MustFork()
		r.Listening(t, id, port)
	}
	var asking sync.WaitGroup
	var stop atomic.Bool
	var answered, slow atomic.Int32
	for range clients {
		client := clustertest.RealClient(t, false, nil)
		asking.Go(func() {
			for !stop.Load() {
				switch sent, err := request(client, "http://"+clustertest.Local(port)); {
				case err == nil:
					answered.Add(1)
				case sent > slowClient:
					slow.Add(1)
				default:
					t.Errorf("a request that was sent after %v: %v", sent, err)
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
	t.Logf("%d requests were answered, and %d of slow clients failed", answered.Load(), slow.Load())
}
