package routes_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const (
	newAdapter = "@socket.io/cluster-adapter"
	oldAdapter = "@socket.io/cluster-adapter-0.2"
)

// spoken is what testdata/socketio-clients.js prints.
type spoken struct {
	Broadcasts, Wanted []string
	Fetched            any
	FetchedByAll       []any
	Milliseconds       int
	Asked, Whispered   bool
	Polled, Kicked     any
}

// Servers of Socket.IO are one, though one of four is killed in between: all that is broadcast reaches all clients, and fetchSockets does
// not wait for the one that is gone.
func TestSocketIO(t *testing.T) {
	nodetest.EachNodeSince(t, oldestNode, func(t *testing.T, node nodetest.Runtime) {
		for _, adapter := range []string{newAdapter, oldAdapter} {
			for _, serialization := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
				t.Run(adapter+" "+string(serialization), func(t *testing.T) { testSocketIO(t, node, adapter, serialization) })
			}
		}
	})
}

// oldestNode is the first that Socket.IO supports.
const oldestNode = 18

func testSocketIO(t *testing.T, node nodetest.Runtime, adapter string, serialization nodeipc.Serialization) {
	nodetest.NoLeaks(t)
	port := strconv.Itoa(clustertest.FreePort(t))
	modules := "NODE_PATH=" + nodetest.Libraries(t)
	p := startPool(t, cluster.Settings{
		ExecPath: node.Path, Exec: "testdata/socketio.js", Serialization: serialization,
		Env: append(os.Environ(), modules, "PORT="+port, "ADAPTER="+adapter),
	}, pool.Options{Instances: 4, Routes: []pool.Route{routes.SocketIO()}})
	events := p.Subscribe(cluster.ListeningEvent{})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := events.Next(clustertest.Patient(t)); err != nil {
			t.Fatal(err)
		}
	}
	events.Close()
	for _, namespace := range []string{"/", "/chat"} {
		clients := exec.CommandContext(clustertest.Patient(t), node.Path, "testdata/socketio-clients.js", port, "4", namespace,
			fmt.Sprint(serialization == nodeipc.Advanced))
		clients.Env = append(os.Environ(), modules)
		if adapter == oldAdapter {
			clients.Env = append(clients.Env, "FETCH=later")
		}
		checkSpoken(t, clients)
	}
	if counts := p.Routes()[0]; counts.Dropped > 0 || counts.Sent == 0 {
		t.Errorf("the counts are %+v", counts)
	}
}

// checkSpoken runs the clients and checks what they came to.
func checkSpoken(t *testing.T, clients *exec.Cmd) {
	t.Helper()
	var stderr strings.Builder
	clients.Stderr = &stderr
	out, err := clients.Output()
	if err != nil {
		t.Fatalf("the clients failed: %v: %s%s", err, out, &stderr)
	}
	var got spoken
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	t.Logf("fetchSockets after the kill took %d ms", got.Milliseconds)
	if fmt.Sprint(got.Broadcasts) != fmt.Sprint(got.Wanted) || len(got.Broadcasts) != 8 {
		t.Errorf("broadcasts reached %v, want %v", got.Broadcasts, got.Wanted)
	}
	got.FetchedByAll = append(got.FetchedByAll, got.Fetched, got.Polled)
	for i, all := range got.FetchedByAll {
		if all != true && !(i == 2 && all == nil) {
			t.Errorf("of the sockets there were %v", all)
		}
	}
	if !got.Asked || !got.Whispered || got.Kicked != "io server disconnect" {
		t.Errorf("clients came to %+v", got)
	}
}

// A worker whose messages break the protocol, in each field, ends no other and is not waited for once it is gone.
func TestSocketIOHostile(t *testing.T) {
	for _, adapter := range []string{newAdapter, oldAdapter} {
		for _, serialization := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
			t.Run(adapter+" "+string(serialization), func(t *testing.T) { testSocketIOHostile(t, adapter, serialization) })
		}
	}
}

func testSocketIOHostile(t *testing.T, adapter string, serialization nodeipc.Serialization) {
	nodetest.NoLeaks(t)
	left, hostileSays := leaving{routes.Broadcast(), make(chan int, 3)}, make(printed, 64)
	p := startPool(t, cluster.Settings{
		ExecPath: nodetest.Default(t).Path, Exec: "testdata/hostile.js", Serialization: serialization, Stdout: hostileSays,
		Env: append(os.Environ(), "NODE_PATH="+nodetest.Libraries(t), "ADAPTER="+adapter),
	}, pool.Options{Instances: 3, Restart: pool.RestartNever, Routes: []pool.Route{routes.SocketIO(), left}})
	said := &texts{t: t, pool: p, events: p.Subscribe(cluster.MessageEvent{}, cluster.ExitEvent{}, cluster.ErrorEvent{})}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	said.await("ready", 3)
	victims, hostile := p.Workers()[:2:2], p.Workers()[2]
	tell(t, hostile, "join")
	hostileSays.await(t, "sent")
	for _, w := range victims { // until then there may be more on its way than a worker gets
		tell(t, w, "sync")
		said.await("synced", 1)
	}
	tell(t, hostile, "sync")
	hostileSays.await(t, "synced")
	tell(t, victims[0], "fetch")
	hostileSays.await(t, "answered")
	said.await("", 1) // it has got an answer or none in time
	tell(t, hostile, "leave")
	if id := <-left.ids; id != hostile.ID() {
		t.Fatalf("worker %d has left", id)
	}
	for _, w := range victims {
		tell(t, w, "fetch")
		said.await("fetched 0", 1)
	}
	if said.exited > 1 {
		t.Error("a victim has ended")
	}
}

// printed are lines that workers print, which are few.
type printed chan string

func (p printed) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		p <- strings.TrimSpace(line)
	}
	return len(b), nil
}

// await waits for a line.
func (p printed) await(t *testing.T, want string) {
	t.Helper()
	for nodetest.Receive(t, p, want) != want {
	}
}

// leaving tells when the routes before it know that a worker has left.
type leaving struct {
	pool.Route
	ids chan int
}

func (l leaving) Leave(_ *pool.Router, w *cluster.Worker) { l.ids <- w.ID() }

// startPool makes a pool that is closed with the test.
func startPool(t *testing.T, settings cluster.Settings, o pool.Options) *pool.Pool {
	t.Helper()
	p, err := pool.New(settings, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func tell(t *testing.T, w *cluster.Worker, message any) {
	t.Helper()
	if err := w.Send(clustertest.Patient(t), message); err != nil {
		t.Fatal(err)
	}
}

// texts are the texts that workers send, but for routes.
type texts struct {
	t      *testing.T
	pool   *pool.Pool
	events *cluster.Subscription
	exited int   // workers
	told   error // first
}

// next waits for the next event, and returns its text.
func (s *texts) next() (text string) {
	s.t.Helper()
	event, err := s.events.Next(clustertest.Patient(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	switch e := event.(type) {
	case cluster.ErrorEvent:
		s.t.Logf("told: %v", e.Err)
		s.told = cmp.Or(s.told, e.Err)
	case cluster.ExitEvent:
		s.exited++
		if e.Status.Code != 0 {
			s.t.Fatalf("worker %d ended with %v", e.Worker.ID(), e.Status)
		}
	case cluster.MessageEvent:
		if s.pool.RouteOf(e.Message) == nil && e.Message.Decode(&text) != nil {
			text = ""
		}
	}
	return text
}

// await waits until workers have sent a text, any where it is "", a number of times.
func (s *texts) await(text string, times int) {
	s.t.Helper()
	for times > 0 {
		got := s.next()
		if got == text || text == "" && got != "" {
			times--
		} else if strings.HasPrefix(got, "failed") {
			s.t.Fatalf("a worker sent %q, not %q", got, text)
		}
	}
}
