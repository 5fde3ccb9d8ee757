//go:build unix

package cluster_test

import (
	"net/http"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
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
	p := startReal(t, nodetest.Deno(t), nodetest.Script(t, "server.cjs", otherServer), 2, 1)
	expectServedWhileJoining(t, p)
	p.expectOrderlyEnd(t)
}

func TestRealBunWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	p := startReal(t, nodetest.Bun(t), nodetest.Script(t, "server.cjs", otherStreamServer), 2, 1)
	expectServedWhileJoining(t, p)
	p.expectOrderlyEnd(t)
}

// A Bun worker's HTTP server listens by itself, beside the others' on the same port, and only tells the primary; and
// it goes on to listen when the worker has disconnected. Bun's own primary sees the same.
func TestRealBunHTTPWorkersListenBesideEachOther(t *testing.T) {
	nodetest.NoLeaks(t)
	p := startReal(t, nodetest.Bun(t), nodetest.Script(t, "server.cjs", otherServer), 2, 1)
	client := realClient(t, false, nil)
	expectEveryWorkerToAnswer(t, p, client)
	for _, w := range p.workers {
		w.Disconnect()
	}
	p.expectDisconnected(t, len(p.workers))
	expectEveryWorkerToAnswer(t, p, client)
	for id, w := range p.workers {
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
func expectServedWhileJoining(t *testing.T, p *realProgram) {
	t.Helper()
	client := realClient(t, false, nil)
	p.expectWorkers(t, identities(t, client, p.url("/"), 2*len(p.workers)))

	joined := make(chan struct{})
	var running sync.WaitGroup
	for range 16 {
		running.Go(func() { askUntil(t, client, p.url("/"), joined) })
	}
	p.join(t)
	close(joined)
	running.Wait()
	p.expectWorkers(t, identities(t, client, p.url("/"), 2*len(p.workers)))
}

// askUntil opens one connection after the other.
func askUntil(t *testing.T, client *http.Client, url string, enough <-chan struct{}) {
	for {
		if _, _, err := identity(client, url); err != nil {
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

// join forks one more worker and waits until it listens.
func (p *realProgram) join(t *testing.T) {
	t.Helper()
	w, err := p.primary.Fork()
	if err != nil {
		t.Error(err)
		return
	}
	p.workers[w.ID()] = w
	for ctx := clustertest.Patient(t); w.State() != cluster.StateListening; {
		if _, err := p.primary.Next(ctx); err != nil {
			t.Errorf("worker %d does not listen: %v", w.ID(), err)
			return
		}
	}
}

// expectEveryWorkerToAnswer opens connections until each worker has had one.
func expectEveryWorkerToAnswer(t *testing.T, p *realProgram, client *http.Client) {
	t.Helper()
	ctx := clustertest.Patient(t)
	seen := map[int]realIdentity{}
	for len(seen) < len(p.workers) {
		answer := identities(t, client, p.url("/"), 1)[0]
		seen[answer.Worker] = answer
		if ctx.Err() != nil {
			t.Fatalf("answers of %d workers, want %d", len(seen), len(p.workers))
		}
	}
	for id, w := range p.workers {
		if seen[id].Pid != w.Pid() {
			t.Errorf("worker %d answered with pid %d, want %d", id, seen[id].Pid, w.Pid())
		}
	}
}

func (p *realProgram) expectDisconnected(t *testing.T, n int) {
	t.Helper()
	for ctx := clustertest.Patient(t); n > 0; {
		event, err := p.primary.Next(ctx)
		if err != nil {
			t.Fatalf("%d workers do not disconnect: %v", n, err)
		}
		if _, ok := event.(cluster.DisconnectEvent); ok {
			n--
		}
	}
}
