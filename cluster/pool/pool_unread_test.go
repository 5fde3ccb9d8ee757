//go:build linux

package pool_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A program that never takes an event goes on to be served, by successors too.
func TestPoolWhoseEventsNobodyTakes(t *testing.T) {
	nodetest.NoLeaks(t)
	port := clustertest.FreePort(t)
	p := newPool(t, cluster.Settings{
		ExecPath: nodetest.Default(t).Path, Env: []string{fmt.Sprint("PORT=", port)}, Exec: nodetest.Script(t, "verbose.js", `
			require('http').createServer((request, response) => {
				process.send('x'.repeat(1 << 20));
				response.end();
			}).listen(process.env.PORT, '127.0.0.1');`),
	}, pool.Options{Instances: 1, MinPause: time.Millisecond})
	listening := p.Subscribe(cluster.ListeningEvent{})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		event, err := listening.Next(clustertest.Patient(t))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			if err := clustertest.Ask(clustertest.Local(port), time.Now().Add(clustertest.Patience)); err != nil {
				t.Fatalf("request %d is not answered: %v", i, err)
			}
		}
		if err := event.(cluster.ListeningEvent).Worker.Kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	p.Shutdown(clustertest.Patient(t))
}
