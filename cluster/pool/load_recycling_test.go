//go:build linux

package pool_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// recycled is a server whose worker leaves after 40 requests, in one of the two ways that lose none of them.
const recycled = `
	const cluster = require('cluster');
	let requests = 0;
	const server = require('http').createServer((request, response) => {
		response.setHeader('Connection', 'close');
		response.end('ok');
		if (++requests !== 40) return;
		if (cluster.worker.id % 2) cluster.worker.disconnect();
		else server.close(() => process.exit(0));
	}).listen(process.env.PORT);`

const recycledConnections = 240 // at least

// Workers that leave by themselves under load leave no gap: every client is answered.
func TestLoadWithRecycling(t *testing.T) {
	for _, policy := range cluster.SchedulingPolicies() {
		t.Run(string(policy), func(t *testing.T) { loadWithRecycling(t, policy) })
	}
}

func loadWithRecycling(t *testing.T, policy cluster.SchedulingPolicy) {
	nodetest.NoLeaks(t)
	port := nodetest.FreePort(t)
	r := newRig(t, cluster.Settings{
		Exec: nodetest.Script(t, "recycled.js", recycled), ExecPath: nodetest.Default(t).Path,
		Env: []string{"PORT=" + strconv.Itoa(port)}, SchedulingPolicy: policy,
	}, pool.Options{Instances: 2, Restart: pool.RestartAlways, MinPause: time.Millisecond})
	r.Listening(t, 1, port)
	r.Listening(t, 2, port)
	load := clustertest.StartLoad(port)
	t.Cleanup(load.Stop)
	load.ExpectConnections(t, recycledConnections)
	load.Stop()
	for _, f := range load.Failures {
		t.Errorf("a client failed after %v with: %v", f.Ended.Sub(f.Began), f.Err)
	}
	if n := r.forks(); n < recycledConnections/40 {
		t.Errorf("%d workers were started, want that all were recycled", n)
	}
	r.Shutdown(clustertest.Patient(t))
}
