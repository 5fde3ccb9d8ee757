//go:build !portable

package cluster_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// What waits for a worker that stands still is served by others.
func TestStealing(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		r := clustertest.NewAgents(t, node, cluster.SchedReusePort, 4)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, 2, 3, 4)
		stealing(t, r, port)
	})
	t.Run("Go", func(t *testing.T) {
		port := clustertest.FreePort(t)
		settings := clustertest.Greeters(port)
		settings.SchedulingPolicy = cluster.SchedReusePort
		stealing(t, goWorkers(t, settings, 4, port), port)
	})
}

func stealing(t *testing.T, r *clustertest.Rig, port int) {
	expectStolen(t, r, port, 1, syscall.SIGCONT)
	clustertest.Step(t, "from one that dies", func(t *testing.T) { expectStolen(t, r, port, 2, syscall.SIGKILL) })
	clustertest.Step(t, "beside a vacant place", func(t *testing.T) { expectStolen(t, r, port, 3, syscall.SIGCONT) })
}

// expectStolen has a worker stand still, and expects its clients to be served but for one that was on its way to it.
// Then it gets a signal, and that one is served too.
func expectStolen(t *testing.T, r *clustertest.Rig, port, stopped int, then syscall.Signal) {
	t.Helper()
	clustertest.Stop(t, r.ForkedWorker(stopped))
	clients := connectFromMany(t, port, manyClients)
	defer clustertest.HangUp(clients)
	greeted := greetings(t, clients)
	for range len(clients) - 1 {
		if w := nodetest.Receive(t, greeted, "the greeting of a client whose worker stands still"); w == stopped {
			t.Error("a worker that stands still serves")
		}
	}
	r.Kill(stopped, then)
	nodetest.Receive(t, greeted, "the greeting of the last client")
	if then == syscall.SIGKILL {
		r.Event(t, "exit", stopped) // what comes to its socket before is handed to any
	}
}

// Workers of Deno and Bun, which have no sockets of their own, get what waits for others.
func TestStealingAmongRuntimes(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.DenoAndBun(t, func(t *testing.T, other nodetest.Runtime) {
		others := clustertest.AgentSettings(t, other)
		settings := clustertest.AgentSettings(t, nodetest.Default(t))
		settings.SchedulingPolicy, settings.Serialization = cluster.SchedReusePort, others.Serialization
		r := clustertest.AgentsWith(t, settings, 1)
		r.ExpectErrors = true // it tells that the other worker takes no socket
		w := r.MustForkWith(others)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, w)
		expectStolen(t, r, port, 1, syscall.SIGCONT)
	})
}

// Each server has its queues, and what waits for one is not given to a worker of another.
func TestStealingOnSeveralPorts(t *testing.T) {
	nodetest.NoLeaks(t)
	const workers = 16
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedReusePort, workers)
	var evens, odds []int
	for w := 1; w <= workers; w++ {
		if w%2 == 0 {
			evens = append(evens, w)
		} else {
			odds = append(odds, w)
		}
	}
	even, odd := clustertest.FreePort(t), clustertest.FreePort(t)
	clustertest.ListenAll(t, r, even, evens...)
	clustertest.ListenAll(t, r, odd, odds...)
	expectStolen(t, r, even, 2, syscall.SIGCONT)
	expectStolen(t, r, odd, 1, syscall.SIGCONT)
}

// Where nothing is to be taken from a worker, its clients wait for it.
func TestNothingIsStolen(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, change := range map[string]func(*cluster.Settings){
		"sticky":  func(s *cluster.Settings) { s.SchedulingPolicy = cluster.SchedSticky },
		"NoSteal": func(s *cluster.Settings) { s.SchedulingPolicy, s.NoSteal = cluster.SchedReusePort, true },
	} {
		t.Run(name, func(t *testing.T) {
			settings := clustertest.AgentSettings(t, nodetest.Default(t))
			change(&settings)
			r := clustertest.AgentsWith(t, settings, 2)
			port := clustertest.FreePort(t)
			clustertest.ListenAll(t, r, port, 1, 2)
			clustertest.Stop(t, r.ForkedWorker(1))
			clients := connectFromMany(t, port, manyClients)
			for range 20 { // the second worker serves its own, one after the other, and meanwhile there was time to steal
				clustertest.HangUp(connectFromMany(t, port, 1))
			}
			r.Kill(1, syscall.SIGCONT)
			expectServers(t, clients, 1, 2)
		})
	}
}

// A worker that has as many connections as it wants refuses what was taken for it, and that goes to another.
func TestStealingFromTheFull(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedReusePort, 3)
	port := clustertest.FreePort(t)
	options := map[string]any{"port": port, "host": "127.0.0.1"}
	clustertest.Listen(t, r, 1, options)
	clustertest.Listen(t, r, 2, options, "maxConnections", 1)
	clustertest.Listen(t, r, 3, options)
	clustertest.Stop(t, r.ForkedWorker(1))
	clients := connectFromMany(t, port, manyClients)
	defer clustertest.HangUp(clients)
	served := make(chan int, len(clients)) // 0 for a client of worker 2's own, which closes what the kernel gives it, as under Node
	for _, c := range clients {
		go func() {
			w, err := c.Greeting()
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("a client waits in vain")
			}
			served <- w
		}()
	}
	by := map[int]int{}
	for range len(clients) - 1 { // one may be on its way to the worker that stands still
		by[nodetest.Receive(t, served, "a client that is served, or refused")]++
	}
	r.Kill(1, syscall.SIGCONT)
	nodetest.Receive(t, served, "the last client")
	if by[1] > 0 || by[2] > 1 || by[3] < manyClients/3 {
		t.Errorf("the workers serve %v of %d", by, manyClients)
	}
}
