//go:build unix

package cluster_test

import (
	"net"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// giver is a worker that gives as many servers as it is told to, and whatever it is given.
const giver = `
	process.on('message', (m, handle) => {
		if (handle) return process.send('back', handle);
		const server = require('net').createServer().listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
			for (let i = 0; i < m; i++) process.send(i, server);
			process.send('end', () => server.close());
		});
	});`

// startGiver starts a giver, whose first events are taken.
func startGiver(t *testing.T) (*cluster.Primary, *cluster.Worker) {
	t.Helper()
	primary, err := cluster.NewPrimary(cluster.Settings{ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "giver.js", giver)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { primary.Close() })
	w, err := primary.Fork()
	if err != nil {
		t.Fatal(err)
	}
	for event := range primary.Events(clustertest.Patient(t)) {
		if _, ok := event.(cluster.OnlineEvent); ok {
			break
		}
	}
	// The primary has the worker's executable open until then.
	if !clustertest.Eventually(func() bool { return w.Runtime() == cluster.RuntimeNode }) {
		t.Fatalf("the worker's runtime is %q", w.Runtime())
	}
	return primary, w
}

func give(t *testing.T, w *cluster.Worker, handles int) {
	t.Helper()
	if err := w.Send(clustertest.Patient(t), handles); err != nil {
		t.Fatal(err)
	}
}

// nextHandle is the next event, whose message has a handle.
func nextHandle(t *testing.T, primary *cluster.Primary) cluster.MessageEvent {
	t.Helper()
	event, err := primary.Next(clustertest.Patient(t))
	if err != nil {
		t.Fatal(err)
	}
	m, ok := event.(cluster.MessageEvent)
	if !ok || m.Message.Handle == nil || m.Message.Handle.FD() < 0 {
		t.Fatalf("the event is %v, want a message with an open handle", event)
	}
	return m
}

func isLastGiven(e cluster.Event) bool {
	m, ok := e.(cluster.MessageEvent)
	return ok && string(clustertest.Text(m.Message)) == `"end"`
}

// A program that does not care for handles has none open, whichever way it takes its events.
func TestForgottenHandlesAreClosed(t *testing.T) {
	nodetest.NoLeaks(t)
	primary, w := startGiver(t)
	for name, take := range map[string]func(){
		"Events": func() {
			for event := range primary.Events(clustertest.Patient(t)) {
				if isLastGiven(event) {
					break
				}
			}
		},
		"Next": func() {
			for {
				event, err := primary.Next(clustertest.Patient(t))
				if err != nil {
					t.Fatal(err)
				}
				if isLastGiven(event) {
					break
				}
			}
		},
	} {
		before := clustertest.OpenDescriptors(t)
		give(t, w, 200)
		take()
		if n := clustertest.OpenDescriptors(t); n > before {
			t.Errorf("%s: %d descriptors are open, %d before", name, n, before)
		}
	}
}

// A handle is open until the program is done with its event, and longer if it has another owner by then.
func TestHandleOfAnEvent(t *testing.T) {
	nodetest.NoLeaks(t)
	primary, w := startGiver(t)
	give(t, w, 5)
	left := nextHandle(t, primary)
	taken := nextHandle(t, primary)
	if left.Message.Handle.FD() >= 0 || left.TakeHandle() != nil {
		t.Error("the handle that the program left is open after the next event")
	}
	h := taken.TakeHandle()
	if h == nil || taken.TakeHandle() != nil || taken.Message.Handle.FD() >= 0 {
		t.Fatal("a handle is not taken once")
	}
	converted := nextHandle(t, primary)
	l, err := converted.Message.Handle.Listener()
	if err != nil {
		t.Fatal(err)
	}
	sent := nextHandle(t, primary)
	if err := w.SendHandle(clustertest.Patient(t), "back", sent.Message.Handle); err != nil {
		t.Fatal(err)
	}
	last := nextHandle(t, primary)
	expectAccepts(t, l)
	server, err := h.Listener()
	if err != nil {
		t.Fatal(err)
	}
	expectAccepts(t, server)
	primary.Next(clustertest.Patient(t)) // the end
	back := nextHandle(t, primary)
	if string(clustertest.Text(back.Message)) != `"back"` || last.TakeHandle() != nil {
		t.Error("the handle that was sent on does not come back, or the one before is open")
	}
	primary.Close()
	if back.TakeHandle() != nil {
		t.Error("the last handle is open after the primary's end")
	}
}

// expectAccepts checks that a listener works, and closes it.
func expectAccepts(t *testing.T, l net.Listener) {
	t.Helper()
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
}

// Of loops over events in several goroutines each closes its own handles only.
func TestHandlesInSeveralLoops(t *testing.T) {
	nodetest.NoLeaks(t)
	primary, w := startGiver(t)
	before := clustertest.OpenDescriptors(t)
	var loops sync.WaitGroup
	ctx := clustertest.Patient(t)
	ended := make(chan struct{})
	for range 2 {
		loops.Go(func() {
			for event := range primary.Events(ctx) {
				if isLastGiven(event) {
					close(ended)
					return
				}
				if m := event.(cluster.MessageEvent); string(clustertest.Text(m.Message)) == "0" {
					select {
					case <-ended: // the other loop has taken all the rest
					case <-ctx.Done():
					}
					if m.Message.Handle.FD() < 0 {
						t.Error("the first handle was closed by the other loop")
					}
					return
				}
			}
		})
	}
	give(t, w, 20)
	loops.Wait()
	if n := clustertest.OpenDescriptors(t); n > before {
		t.Errorf("%d descriptors are open, %d before", n, before)
	}
}
