//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestSend(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		r := clustertest.NewAgents(t, node, cluster.SchedRR, 2)
		for w := 1; w <= 2; w++ {
			for _, value := range []string{`"text"`, `12.5`, `true`, `null`, `{"a":[1,{"b":"ü😀"}]}`, `[]`} {
				a := clustertest.AskAgent(t, r, w, clustertest.Command{"do": "echo", "value": rawJSON(value)})
				if string(a.Value) != value {
					t.Errorf("worker %d echoes %s for %s", w, a.Value, value)
				}
			}
		}
		sendConnection(t, r)
	})
}

// answerer is a worker that answers requests, asks its primary, and greets the connections that it is given.
const answerer = `
	process.on('message', (m, socket) => {
		if (m.cmd === 'nodecluster:request') {
			if (m.body === 'fail') process.send({ cmd: 'nodecluster:response', id: m.id, error: 'as it was told' });
			else if (m.body !== 'nothing') process.send({ cmd: 'nodecluster:response', id: m.id, body: m.body + 1 });
		} else if (m.cmd === 'nodecluster:response') process.send({ answer: m.body, error: m.error });
		else if (m === 'ask') process.send({ cmd: 'nodecluster:request', id: 'mine', body: 20 });
		else if (socket) socket.end('given with ' + m);
		else process.send({ told: m });
	});
	process.send('ready');`

func startAnswerer(t *testing.T, node nodetest.Runtime) (*clustertest.Rig, *cluster.Worker) {
	t.Helper()
	r := clustertest.NewRig(t, cluster.Settings{ExecPath: node.Path, Exec: nodetest.Script(t, "answerer.js", answerer)})
	w := r.MustFork()
	r.Ready(w)
	return r, w
}

func TestRequest(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		_, w := startAnswerer(t, node)
		for n := range 3 {
			m, err := w.Request(clustertest.Patient(t), n)
			if err != nil {
				t.Fatal(err)
			}
			var got int
			if err := m.Decode(&got); err != nil || got != n+1 {
				t.Errorf("request %d is answered with %d, %v", n, got, err)
			}
		}
		var failure *nodeipc.ResponseError
		if _, err := w.Request(clustertest.Patient(t), "fail"); !errors.As(err, &failure) || failure.Text != "as it was told" {
			t.Errorf("a request that fails: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.Request(ctx, "nothing"); !errors.Is(err, context.Canceled) {
			t.Errorf("a request that is not answered: %v, want %v", err, context.Canceled)
		}
		go w.Kill(syscall.SIGKILL)
		if _, err := w.Request(clustertest.Patient(t), "nothing"); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("a request to a worker that dies: %v, want %v", err, nodeipc.ErrDisconnected)
		}
	})
}

// A worker's request is an event, and the answer goes to the worker that has asked.
func TestRequestOfAWorker(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := cluster.Settings{ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "answerer.js", answerer)}
	clustertest.Speaks(&settings)
	p, err := cluster.NewPrimary(settings)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	w, err := p.Fork()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Tell("ask"); err != nil {
		t.Fatal(err)
	}
	for event := range p.Events(clustertest.Patient(t)) {
		e, ok := event.(cluster.MessageEvent)
		if !ok {
			continue
		}
		if e.Message.IsRequest() {
			var n int
			if err := e.Message.Decode(&n); err != nil {
				t.Fatal(err)
			}
			if err := e.Message.Respond(clustertest.Patient(t), n+2); err != nil {
				t.Fatal(err)
			}
			continue
		}
		var heard struct{ Answer int }
		if e.Message.Decode(&heard) == nil && heard.Answer != 0 {
			if heard.Answer != 22 {
				t.Errorf("the worker was answered with %d, want 22", heard.Answer)
			}
			return
		}
	}
	t.Error("the worker was not answered")
}

// Tell does not wait for a worker that does not read, and goes on once it reads.
func TestTell(t *testing.T) {
	nodetest.NoLeaks(t)
	r, w := startAnswerer(t, nodetest.Default(t))
	clustertest.Stop(t, w)
	var err error
	told := 0
	for text := strings.Repeat("x", 64<<10); err == nil; told++ {
		err = w.Tell(text)
	}
	if !errors.Is(err, nodeipc.ErrNotReading) || !w.IsConnected() {
		t.Errorf("after %d messages: %v, want %v; connected %v", told, err, nodeipc.ErrNotReading, w.IsConnected())
	}
	r.Signal(w, syscall.SIGCONT)
	if err := w.Send(clustertest.Patient(t), "last"); err != nil {
		t.Fatal(err)
	}
	heard := func(o clustertest.Occurrence) bool {
		return o.Event == "message" && strings.HasPrefix(string(o.Message), `{"told":`)
	}
	r.Await(t, "the echo of the last message", func(o clustertest.Occurrence) bool { return heard(o) && strings.Contains(string(o.Message), "last") })
	n := 0
	for _, o := range r.All() {
		if heard(o) {
			n++
		}
	}
	if n != told {
		t.Errorf("the worker heard %d messages, want %d and the last", n, told-1)
	}
}

func TestSendConn(t *testing.T) {
	nodetest.NoLeaks(t)
	_, w := startAnswerer(t, nodetest.Default(t))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SendConn(clustertest.Patient(t), "a word", accepted); err != nil {
		t.Fatal(err)
	}
	if _, err := accepted.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection is still this process's: %v", err)
	}
	if text, err := io.ReadAll(client); string(text) != "given with a word" || err != nil {
		t.Errorf("the client got %q, %v", text, err)
	}
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// sendConnection gives connections to a worker, one for good and a copy of one.
func sendConnection(t *testing.T, r *clustertest.Rig) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, keep := range []bool{false, true} {
		c := clustertest.Connect(t, "tcp", l.Addr().String())
		accepted, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		h, err := handlewrap.FromConn(accepted)
		if err != nil {
			t.Fatal(err)
		}
		accepted.Close()
		closed := make(chan struct{})
		h.OnClose(func() { close(closed) })
		send := r.ForkedWorker(2).SendHandle
		if keep {
			send = r.ForkedWorker(2).SendHandleKeepOpen
		}
		if err := send(clustertest.Patient(t), "a connection", h); err != nil {
			t.Fatal(err)
		}
		if w := c.Worker(t); w != 2 {
			t.Errorf("worker %d greets, want 2", w)
		}
		if keep {
			if h.FD() < 0 {
				t.Error("a handle is closed that was to stay open")
			}
			h.Close()
		}
		<-closed
		c.Close()
	}
}
