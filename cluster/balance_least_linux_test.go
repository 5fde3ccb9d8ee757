package cluster_test

import (
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A worker whose event loop is busy again and again gets next to nothing once that is known, while others are idle. It is so busy
// that others are idle beside it on a busy machine too.
func TestLeastSparesTheBusy(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedLeast, 4)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2, 3, 4)
	clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "block", "every": 3000, "for": 2900})
	serve := func() (worker int, took time.Duration) {
		began := time.Now()
		worker = clustertest.WhoServes(t, "tcp", clustertest.Local(port))
		return worker, time.Since(began)
	}
	if !clustertest.Eventually(func() bool { w, took := serve(); return w == 1 && took > time.Second }) {
		t.Fatal("worker 1 is not busy")
	}
	const connections = 400
	busy := 0
	for i := range connections {
		if w, _ := serve(); w == 1 {
			busy++
		}
		if busy > connections/20 {
			t.Fatalf("worker 1 is busy nearly all of the time and has %d of %d connections", busy, i+1)
		}
	}
}
