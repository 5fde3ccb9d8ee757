//go:build unix

package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// adoptedScript is a worker that does what its primary tells it.
const adoptedScript = `
const cluster = require('cluster'), http = require('http');
process.on('message', (m, handle) => {
  if (m.listen) {
    const server = http.createServer((request, response) => response.end(String(cluster.worker.id)));
    server.on('error', (error) => process.send({ failed: error.code }));
    server.listen(m.listen, () => process.send({ address: server.address() }));
  } else if (handle) {
    handle.end('by hand');
  } else {
    process.send({ echo: m });
  }
});
process.send('ready');
`

// otherPrimary is the primary that has forked a worker, and the test's end of its channel.
type otherPrimary struct {
	t       *testing.T
	channel *nodeipc.Channel
	own     nodeipc.LoopChannel
	command *exec.Cmd
	worker  *cluster.Worker
	said    chan string          // of the cluster's protocol, by the worker
	texts   chan nodeipc.Message // messages of the worker's
}

func (o *otherPrimary) HandleOpen(c nodeipc.LoopChannel) { o.own = c }
func (o *otherPrimary) HandleMessage(m nodeipc.Message)  { o.texts <- m }
func (o *otherPrimary) HandleNACK(uint32)                {}
func (o *otherPrimary) HandleWritable()                  {}
func (o *otherPrimary) HandleDisconnect(error)           {}

// HandleInternal answers as a primary does that cannot open anything.
func (o *otherPrimary) HandleInternal(m nodeipc.Message) {
	var message struct {
		Act string          `json:"act"`
		Seq json.RawMessage `json:"seq"`
		Key string          `json:"key"`
	}
	if err := m.Decode(&message); err != nil {
		o.t.Error(err)
	}
	o.said <- message.Act
	switch message.Act {
	case "queryServer":
		o.own.Post(map[string]any{"cmd": "NODE_CLUSTER", "ack": message.Seq, "errno": -int(syscall.EACCES), "key": "other", "data": nil, "seq": 1}, nil)
	case "exitedAfterDisconnect":
		o.own.Post(map[string]any{"cmd": "NODE_CLUSTER", "ack": message.Seq, "seq": 2}, nil)
	}
}

// newAdopted starts a worker of another primary, and has p adopt it.
func newAdopted(t *testing.T, p *cluster.Primary, node nodetest.Runtime, id int, o cluster.AdoptOptions) *otherPrimary {
	t.Helper()
	other := &otherPrimary{t: t, said: make(chan string, 64), texts: make(chan nodeipc.Message, 64)}
	ours, parent := socketPair(t)
	child, workers := socketPair(t)
	var err error
	if other.channel, err = nodeipc.NewChannel(ours, nodeipc.Options{Serialization: o.Serialization, Handler: other}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.channel.Close() })
	script := filepath.Join(t.TempDir(), "worker.js")
	if err := os.WriteFile(script, []byte(adoptedScript), 0o600); err != nil {
		t.Fatal(err)
	}
	end := os.NewFile(uintptr(workers), "worker's")
	other.command = exec.Command(node.Path, script)
	other.command.Env = append(os.Environ(), "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE="+string(o.Serialization), fmt.Sprint("NODE_UNIQUE_ID=", id))
	other.command.ExtraFiles = []*os.File{end}
	other.command.Stderr = os.Stderr
	if err := other.command.Start(); err != nil {
		t.Fatal(err)
	}
	end.Close()
	ended := sync.OnceFunc(func() { other.command.Wait() })
	t.Cleanup(func() {
		other.command.Process.Kill()
		ended()
	})
	o.Pid = other.command.Process.Pid
	if other.worker, err = p.Adopt(os.NewFile(uintptr(parent), "parent's"), os.NewFile(uintptr(child), "child's"), o); err != nil {
		t.Fatal(err)
	}
	return other
}

func socketPair(t *testing.T) (a, b int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	return pair[0], pair[1]
}

// tell sends the worker a message.
func (o *otherPrimary) tell(message any) {
	o.t.Helper()
	if err := o.channel.Send(nodetest.Context(o.t), message); err != nil {
		o.t.Fatal(err)
	}
}

// hear takes the worker's next message.
func (o *otherPrimary) hear(to any) {
	o.t.Helper()
	if err := nodetest.Receive(o.t, o.texts, "message of the worker").Decode(to); err != nil {
		o.t.Fatal(err)
	}
}

// expectSaid takes what the worker says to its primary in the cluster's protocol.
func (o *otherPrimary) expectSaid(acts ...string) {
	o.t.Helper()
	for _, want := range acts {
		if got := nodetest.Receive(o.t, o.said, want); got != want {
			o.t.Fatalf("the worker's primary heard %q, want %q", got, want)
		}
	}
}

// expectNothingSaid is for after the end of the channel.
func (o *otherPrimary) expectNothingSaid() {
	o.t.Helper()
	if len(o.said) > 0 {
		o.t.Errorf("the worker's primary heard %q too", <-o.said)
	}
}

// listen has the worker listen on a port, and returns which it got.
func (o *otherPrimary) listen(port int) int {
	o.t.Helper()
	o.tell(map[string]any{"listen": map[string]any{"port": port, "host": "127.0.0.1"}})
	var heard struct {
		Address struct{ Port int }
		Failed  string
	}
	o.hear(&heard)
	if heard.Failed != "" {
		o.t.Fatalf("the worker cannot listen: %s", heard.Failed)
	}
	return heard.Address.Port
}

func (o *otherPrimary) expectReady() {
	o.t.Helper()
	var text string
	if o.hear(&text); text != "ready" {
		o.t.Fatalf("the worker says %q first", text)
	}
}

func adoptingPrimary(t *testing.T, policy cluster.SchedulingPolicy) (*cluster.Primary, *clustertest.Journal) {
	t.Helper()
	r := clustertest.NewRig(t, cluster.Settings{SchedulingPolicy: policy})
	return r.Primary, r.Journal
}

// served counts by which worker requests are answered.
func served(t *testing.T, port int) map[string]int {
	t.Helper()
	by := map[string]int{}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 20 {
		r, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 16)
		n, _ := r.Body.Read(b)
		r.Body.Close()
		by[string(b[:n])]++
	}
	return by
}

// TestAdopt: workers of another primary serve one port, whatever their serialization is, and say to their own primary all but what this
// one does for them.
func TestAdopt(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone, cluster.SchedReusePort} {
			t.Run(string(policy), func(t *testing.T) {
				p, _ := adoptingPrimary(t, policy)
				first := newAdopted(t, p, node, 1, cluster.AdoptOptions{Serialization: nodeipc.JSON})
				second := newAdopted(t, p, node, 2, cluster.AdoptOptions{Serialization: nodeipc.Advanced})
				first.expectReady()
				second.expectReady()
				port := first.listen(0)
				if got := second.listen(0); got != port {
					t.Errorf("the second worker listens on %d, want %d", got, port)
				}
				first.expectSaid("online", "listening")
				second.expectSaid("online", "listening")
				by := served(t, port)
				if by["1"]+by["2"] != 20 || policy == cluster.SchedRR && by["1"] != 10 {
					t.Errorf("served: %v", by)
				}
				if pid := first.worker.Pid(); pid != first.command.Process.Pid {
					t.Errorf("the worker's process id is %d", pid)
				}
				if s := first.worker.State(); s != cluster.StateListening {
					t.Errorf("the worker is %s", s)
				}
			})
		}
	})
}

// TestAdoptedWorkerLeaves: a worker that its own primary asks to leave serves what has come, and is gone with its channel.
func TestAdoptedWorkerLeaves(t *testing.T) {
	nodetest.NoLeaks(t)
	p, journal := adoptingPrimary(t, cluster.SchedRR)
	other := newAdopted(t, p, nodetest.Default(t), 1, cluster.AdoptOptions{})
	other.expectReady()
	port := other.listen(0)
	other.expectSaid("online", "listening")
	var conns []net.Conn
	for range 20 {
		conn, err := net.Dial("tcp", clustertest.Local(port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
		conns = append(conns, conn)
	}
	other.tell(json.RawMessage(`{"cmd":"NODE_CLUSTER","act":"disconnect","seq":0}`))
	for i, conn := range conns {
		b := make([]byte, 12)
		if _, err := conn.Read(b); err != nil || string(b) != "HTTP/1.1 200" {
			t.Errorf("connection %d: %q, %v", i, b, err)
		}
	}
	nodetest.Receive(t, other.worker.Gone(), "end of the worker")
	nodetest.Receive(t, other.channel.Done(), "end of its primary's channel")
	other.expectNothingSaid()
	clustertest.ExpectRefusal(t, port)
	if other.worker.ExitStatus() != (nodeipc.ExitStatus{}) || !other.worker.ExitedAfterDisconnect() {
		t.Errorf("the worker: %v, exitedAfterDisconnect %v", other.worker.ExitStatus(), other.worker.ExitedAfterDisconnect())
	}
	journal.Event(t, "disconnect", other.worker.ID())
	for _, o := range journal.Of(other.worker.ID()) {
		if o.Event == "exit" {
			t.Error("an ExitEvent of a process that is another's")
		}
	}
}

// TestAdoptedWorkerIsDisconnected by the primary that has adopted it: its own primary sees it leave.
func TestAdoptedWorkerIsDisconnected(t *testing.T) {
	nodetest.NoLeaks(t)
	p, _ := adoptingPrimary(t, cluster.SchedRR)
	other := newAdopted(t, p, nodetest.Default(t), 1, cluster.AdoptOptions{})
	other.expectReady()
	port := other.listen(0)
	if err := p.Disconnect(nodetest.Context(t)); err != nil {
		t.Fatal(err)
	}
	other.expectSaid("online", "listening")
	nodetest.Receive(t, other.channel.Done(), "end of its primary's channel")
	other.expectNothingSaid()
	clustertest.ExpectRefusal(t, port)
	if err := other.worker.Kill(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("a signal to another primary's worker: %v", err)
	}
}

// TestAdoptedMessages pass with handles in both directions.
func TestAdoptedMessages(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, s := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		p, _ := adoptingPrimary(t, cluster.SchedRR)
		other := newAdopted(t, p, nodetest.Default(t), 1, cluster.AdoptOptions{Serialization: s})
		other.expectReady()
		for i := range 500 {
			other.tell(map[string]any{"n": i, "text": "é"})
		}
		for i := range 500 {
			var m struct{ Echo struct{ N int } }
			if other.hear(&m); m.Echo.N != i {
				t.Fatalf("message %d is %d", i, m.Echo.N)
			}
		}
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
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		h, err := handlewrap.FromConn(conn)
		conn.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := other.channel.SendHandle(nodetest.Context(t), map[string]any{"take": true}, h); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 16)
		if n, err := client.Read(b); err != nil || string(b[:n]) != "by hand" {
			t.Errorf("%s: the connection says %q, %v", s, b[:n], err)
		}
	}
}

// TestAdoptedQuestions: what this primary does not open, the worker's own is asked for.
func TestAdoptedQuestions(t *testing.T) {
	nodetest.NoLeaks(t)
	p, _ := adoptingPrimary(t, cluster.SchedRR)
	mayNot := errors.New("not here")
	asked := make(chan cluster.Address, 8)
	other := newAdopted(t, p, nodetest.Default(t), 1, cluster.AdoptOptions{BeforeListen: func(a cluster.Address) error {
		asked <- a
		return mayNot
	}})
	other.expectReady()
	for _, listen := range []any{map[string]any{"port": 0, "host": "127.0.0.1"}, map[string]any{"fd": 0}} {
		other.tell(map[string]any{"listen": listen})
		var heard struct{ Failed string }
		if other.hear(&heard); heard.Failed != "EACCES" {
			t.Errorf("listen on %v: %q, want the answer of the worker's own primary", listen, heard.Failed)
		}
	}
	other.expectSaid("online", "queryServer", "queryServer")
	if at := <-asked; at.Address != "127.0.0.1" || at.Port != 0 || len(asked) != 0 {
		t.Errorf("asked before it listens on %v, and %d times more", at, len(asked))
	}
}

// TestAdoptingPrimaryEnds: the worker loses its channel with it, and its own primary hears of that.
func TestAdoptingPrimaryEnds(t *testing.T) {
	nodetest.NoLeaks(t)
	p, _ := adoptingPrimary(t, cluster.SchedRR)
	other := newAdopted(t, p, nodetest.Default(t), 1, cluster.AdoptOptions{})
	other.expectReady()
	other.listen(0)
	p.Close()
	nodetest.Receive(t, other.channel.Done(), "end of its primary's channel")
	nodetest.Receive(t, other.worker.Gone(), "end of the worker")
	nodetest.Await(t, func() { other.command.Wait() }, "exit of the worker's process")
}

// TestOtherPrimaryEnds: the worker loses its channel, once it has what was said before.
func TestOtherPrimaryEnds(t *testing.T) {
	nodetest.NoLeaks(t)
	p, _ := adoptingPrimary(t, cluster.SchedRR)
	other := newAdopted(t, p, nodetest.Default(t), 1, cluster.AdoptOptions{})
	other.expectReady()
	port := other.listen(0)
	other.channel.Close()
	nodetest.Receive(t, other.worker.Gone(), "end of the worker")
	nodetest.Await(t, func() { other.command.Wait() }, "exit of the worker's process")
	clustertest.ExpectRefusal(t, port)
}

// TestAdoptFails: the files stay the caller's.
func TestAdoptFails(t *testing.T) {
	nodetest.NoLeaks(t)
	p, err := cluster.NewPrimary(cluster.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a, b := socketPair(t)
	socket, end := os.NewFile(uintptr(a), ""), os.NewFile(uintptr(b), "")
	defer socket.Close()
	defer end.Close()
	for _, files := range [][2]*os.File{{file, socket}, {socket, file}} {
		if _, err := p.Adopt(files[0], files[1], cluster.AdoptOptions{}); err == nil {
			t.Error("a file was adopted")
		}
	}
	if _, err := p.Adopt(socket, end, cluster.AdoptOptions{Serialization: "xml"}); err == nil {
		t.Error("a channel in XML was adopted")
	}
	p.Close()
	if _, err := p.Adopt(socket, end, cluster.AdoptOptions{}); !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := socket.Write([]byte("x")); err != nil {
		t.Errorf("the caller's file: %v", err)
	}
	if p.Disconnect(context.Background()) != nil || len(p.Workers()) != 0 {
		t.Error("a worker is left")
	}
}
