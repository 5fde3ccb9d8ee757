//go:build unix

package cluster_test

import (
	"net/http"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// otherServer is an HTTP server in the words that Node, Deno and Bun have in common.
const otherServer = `
const cluster = require('node:cluster');
const http = require('node:http');

const server = http.createServer((req, res) => {
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({ pid: process.pid, worker: cluster.worker.id }));
});
server.listen(process.env.PORT, () => console.log("listening on " + process.env.PORT));
`

// otherStreamServer answers requests by hand.
const otherStreamServer = `
const cluster = require('node:cluster');
const net = require('node:net');

const server = net.createServer((socket) => {
  socket.once('data', () => {
    const body = JSON.stringify({ pid: process.pid, worker: cluster.worker.id });
    socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ' + body.length + '\r\n\r\n' + body);
  });
});
server.listen(process.env.PORT, () => console.log("listening on " + process.env.PORT));
`

func TestRealDenoWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	p := clustertest.StartReal(t, nodetest.Deno(t), nodetest.Script(t, "server.cjs", otherServer), 2, 1)
	expectServedWhileJoining(t, p)
	p.ExpectOrderlyEnd(t)
}

func TestRealBunWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	p := clustertest.StartReal(t, nodetest.Bun(t), nodetest.Script(t, "server.cjs", otherStreamServer), 2, 1)
	expectServedWhileJoining(t, p)
	p.ExpectOrderlyEnd(t)
}

// A Bun worker's HTTP server listens by itself, beside the others' on the same port, and only tells the primary; and
// it goes on to listen when the worker has disconnected. Bun's own primary sees the same.
func TestRealBunHTTPWorkersListenBesideEachOther(t *testing.T) {
	nodetest.NoLeaks(t)
	p := clustertest.StartReal(t, nodetest.Bun(t), nodetest.Script(t, "server.cjs", otherServer), 2, 1)
	client := clustertest.RealClient(t, false, nil)
	expectEveryWorkerToAnswer(t, p, client)
	for _, w := range p.Workers {
		w.Disconnect()
	}
	p.ExpectDisconnected(t, len(p.Workers))
	expectEveryWorkerToAnswer(t, p, client)
	for id, w := range p.Workers {
		if err := w.Kill(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-w.Exited()
		if got, want := w.ExitStatus(), (nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM}); got != want {
			t.Errorf("worker %d ended with %v, want %v", id, got, want)
		}
	}
}

// expectServedWhileJoining has connections answered by all workers, and others while one more begins to listen, to
// which connections may go as soon as it has asked for its server.
func expectServedWhileJoining(t *testing.T, p *clustertest.RealProgram) {
	t.Helper()
	client := clustertest.RealClient(t, false, nil)
	p.ExpectWorkers(t, clustertest.Identities(t, client, p.URL("/"), 2*len(p.Workers)))

	joined := make(chan struct{})
	var running sync.WaitGroup
	for range 16 {
		running.Go(func() { askUntil(t, client, p.URL("/"), joined) })
	}
	p.Join(t)
	close(joined)
	running.Wait()
	p.ExpectWorkers(t, clustertest.Identities(t, client, p.URL("/"), 2*len(p.Workers)))
}

// askUntil opens one connection after the other.
func askUntil(t *testing.T, client *http.Client, url string, enough <-chan struct{}) {
	for {
		if _, _, err := clustertest.Identity(client, url); err != nil {
			t.Error(err)
			return
		}
		select {
		case <-enough:
			return
		default:
		}
	}
}

// expectEveryWorkerToAnswer opens connections until each worker has had one.
func expectEveryWorkerToAnswer(t *testing.T, p *clustertest.RealProgram, client *http.Client) {
	t.Helper()
	ctx := clustertest.Patient(t)
	seen := map[int]clustertest.RealIdentity{}
	for len(seen) < len(p.Workers) {
		answer := clustertest.Identities(t, client, p.URL("/"), 1)[0]
		seen[answer.Worker] = answer
		if ctx.Err() != nil {
			t.Fatalf("answers of %d workers, want %d", len(seen), len(p.Workers))
		}
	}
	for id, w := range p.Workers {
		if seen[id].Pid != w.Pid() {
			t.Errorf("worker %d answered with pid %d, want %d", id, seen[id].Pid, w.Pid())
		}
	}
}
