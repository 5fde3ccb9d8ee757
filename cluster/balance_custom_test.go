//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// watched is a favourite that tells what the primary does with it.
type watched struct {
	favourite
	onNext func()
	onEnd  func() error
}

func (b *watched) Next(c cluster.Connection) *cluster.Target {
	if b.onNext != nil {
		b.onNext()
	}
	return b.favourite.Next(c)
}

func (b *watched) Close() error { return b.onEnd() }

// balancedAgents are agents whose connections a balancer of the test's hands out.
func balancedAgents(t *testing.T, workers int, newBalancer func(cluster.Address) cluster.Balancer) *clustertest.Rig {
	t.Helper()
	settings := clustertest.AgentSettings(t, nodetest.Default(t))
	settings.NewBalancer = newBalancer
	r := clustertest.NewRig(t, settings)
	for range workers {
		r.Ready(r.MustFork())
	}
	return r
}

// calledInBalancer runs a function within a balancer's Next, for a connection that is served then.
func calledInBalancer(t *testing.T, workers int, f func(r *clustertest.Rig)) *clustertest.Rig {
	t.Helper()
	calls, called := make(chan func(), 1), make(chan struct{})
	r := balancedAgents(t, workers, func(cluster.Address) cluster.Balancer {
		return &watched{onEnd: func() error { return nil }, onNext: func() {
			select {
			case call := <-calls:
				call()
				close(called)
			default:
			}
		}}
	})
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1)
	calls <- func() { f(r) }
	client := clustertest.Connect(t, "tcp", clustertest.Local(port))
	nodetest.Receive(t, called, "end of the balancer's calls")
	if w := client.Worker(t); w != 1 {
		t.Errorf("worker %d serves, want worker 1", w)
	}
	client.Close()
	return r
}

// What a balancer may call returns, and does what it does elsewhere.
func TestCallsOfABalancer(t *testing.T) {
	nodetest.NoLeaks(t)
	r := calledInBalancer(t, 4, func(r *clustertest.Rig) {
		expectWorkers(t, r, 1, 2, 3, 4)
		w := r.Worker(2)
		if w != r.ForkedWorker(2) || r.Worker(5) != nil {
			t.Errorf("worker 2 is %v, and worker 5 %v", w, r.Worker(5))
		}
		settings := r.Settings()
		settings.Args = []string{"changed"}
		r.Setup(settings)
		if got := r.Settings().Args; len(got) != 1 || got[0] != "changed" {
			t.Errorf("arguments %q after Setup", got)
		}
		if s := w.State(); s != cluster.StateOnline || !w.IsConnected() || w.IsDead() || w.Pid() == 0 {
			t.Errorf("worker 2 is %s, connected %v, dead %v, pid %d", s, w.IsConnected(), w.IsDead(), w.Pid())
		}
		if err := w.Send(t.Context(), clustertest.Command{"do": "echo", "n": -1}); err != nil {
			t.Error(err)
		}
		if err := w.Tell(clustertest.Command{"do": "echo", "n": -2}); err != nil {
			t.Error(err)
		}
		if m, err := w.Request(t.Context(), 1); err == nil {
			t.Errorf("a request is answered with %s", m.Payload())
		}
		r.Worker(4).Disconnect() // and not one that still has to answer
		if err := r.Worker(3).Kill(syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	})
	for _, n := range []string{`"n":-1`, `"n":-2`} {
		r.Await(t, "the answer to what was sent", func(o clustertest.Occurrence) bool {
			return o.Event == "message" && o.Worker == 2 && strings.Contains(string(o.Message), n)
		})
	}
	for id, want := range map[int]nodeipc.ExitStatus{4: {}, 3: {Code: -1, Signal: syscall.SIGKILL}} {
		r.Event(t, "exit", id)
		if got := r.ForkedWorker(id).ExitStatus(); got != want {
			t.Errorf("worker %d: %v, want %v", id, got, want)
		}
	}
}

// A balancer that sends to a worker which does not read is told so.
func TestABalancerSendsWithoutWaiting(t *testing.T) {
	nodetest.NoLeaks(t)
	r := calledInBalancer(t, 2, func(r *clustertest.Rig) {
		w := r.ForkedWorker(2)
		clustertest.Stop(t, w)
		var err error
		for text := strings.Repeat("x", 64<<10); err == nil; {
			err = w.Send(context.Background(), text)
		}
		if !errors.Is(err, nodeipc.ErrNotReading) {
			t.Errorf("send: %v, want %v", err, nodeipc.ErrNotReading)
		}
	})
	r.Kill(2, syscall.SIGKILL)
}

// What would wait for the loop panics in a balancer, with what to do.
func TestABalancerMustNotWait(t *testing.T) {
	nodetest.NoLeaks(t)
	waits := map[string]func(r *clustertest.Rig){
		"Fork":       func(r *clustertest.Rig) { r.Fork() },
		"ForkWith":   func(r *clustertest.Rig) { r.ForkWith(r.Settings()) },
		"Disconnect": func(r *clustertest.Rig) { r.Disconnect(t.Context()) },
		"Close":      func(r *clustertest.Rig) { r.Primary.Close() },
		"Shutdown":   func(r *clustertest.Rig) { r.ForkedWorker(1).Shutdown(t.Context()) },
		"Next": func(r *clustertest.Rig) {
			for {
				if _, err := r.Next(t.Context()); err != nil {
					t.Error(err)
				}
			}
		},
		"Events": func(r *clustertest.Rig) {
			for range r.Events(t.Context()) {
			}
		},
	}
	calledInBalancer(t, 1, func(r *clustertest.Rig) {
		for name, wait := range waits {
			text := panicOf(func() { wait(r) })
			if !strings.HasPrefix(text, "cluster: ") || !strings.HasSuffix(text, ": start a goroutine for it") {
				t.Errorf("%s panics with %q", name, text)
			}
		}
	})
}

func panicOf(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}

// A balancer is told the address that its workers tell, and is closed with its socket.
func TestABalancerHasAnAddressAndAnEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	made, closed := make(chan cluster.Address, 8), make(chan cluster.Address, 8)
	failure := errors.New("the balancer could not be closed")
	r := balancedAgents(t, 2, func(a cluster.Address) cluster.Balancer {
		b := &watched{}
		b.onEnd = func() error {
			if len(b.targets) > 0 {
				t.Errorf("the balancer of %v is closed with %d targets", a, len(b.targets))
			}
			closed <- a
			return failure
		}
		made <- a
		return b
	})
	r.ExpectErrors = true
	path := filepath.Join(t.TempDir(), "socket")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	inherited := fdOf(t, l.(*net.TCPListener))
	r.Offer(inherited)
	for name, options := range map[string]map[string]any{
		"a port": {"port": clustertest.FreePort(t), "host": "127.0.0.1"},
		"port 0": {"port": 0, "host": "127.0.0.1"},
		"all":    {"port": 0},
		"a file": {"fd": inherited},
		"a path": {"path": path},
	} {
		clustertest.Listen(t, r, 1, options, "name", name)
		a := nodetest.Receive(t, made, "the balancer of "+name)
		r.Await(t, "the event of "+name, func(o clustertest.Occurrence) bool {
			return o.Event == "listening" && o.Address != nil && *o.Address == a
		})
		if name == "a path" {
			// A second worker has the same socket, and keeps its balancer.
			clustertest.Listen(t, r, 2, options, "name", name)
			clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "close", "name": name})
			if w := clustertest.WhoServes(t, "unix", path); w != 2 {
				t.Errorf("worker %d serves, want worker 2", w)
			}
			clustertest.AskAgent(t, r, 2, clustertest.Command{"do": "close", "name": name})
		} else {
			clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "close", "name": name})
		}
		if ended := nodetest.Receive(t, closed, "the end of the balancer of "+name); ended != a {
			t.Errorf("the balancer of %v is closed, want that of %v", ended, a)
		}
	}
	r.Await(t, "the error of Close", func(o clustertest.Occurrence) bool { return o.Event == "error" && errors.Is(o.Err, failure) })
	clustertest.Listen(t, r, 1, map[string]any{"port": 0}, "name", "the last")
	a := nodetest.Receive(t, made, "the balancer of the last socket")
	r.Primary.Close()
	if ended := nodetest.Receive(t, closed, "the end of the last balancer"); ended != a || len(made) > 0 {
		t.Errorf("the balancer of %v is closed, want that of %v", ended, a)
	}
}

// A program whose NewBalancer returns nil has SchedRR for that socket.
func TestNoBalancerForASocket(t *testing.T) {
	nodetest.NoLeaks(t)
	r := balancedAgents(t, 2, func(cluster.Address) cluster.Balancer { return nil })
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2)
	if by := clustertest.Serves(t, port, 8); by[1] != 4 || by[2] != 4 {
		t.Errorf("connections by worker: %v, want 4 each", by)
	}
}
