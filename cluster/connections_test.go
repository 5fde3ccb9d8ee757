//go:build unix

package cluster_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// window is how many connections may be on their way to a worker that has not answered.
const window = 8

func TestConnections(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		r := clustertest.NewAgents(t, node, cluster.SchedRR, 3)
		clustertest.Step(t, "even", func(t *testing.T) { evenConnections(t, r) })
		clustertest.Step(t, "refused", func(t *testing.T) { refusedConnections(t, r) })
		clustertest.Step(t, "all full", func(t *testing.T) { allFull(t, r) })
		clustertest.Step(t, "server that closes", func(t *testing.T) { closingServer(t, r) })
		clustertest.Step(t, "worker that stands still", func(t *testing.T) { stoppedWorker(t, r) })
		clustertest.Step(t, "worker that dies", func(t *testing.T) { dyingWorker(t, r) })
	})
}

func closeAllServers(t testing.TB, r *clustertest.Rig, workers ...int) {
	t.Helper()
	for _, w := range workers {
		clustertest.CloseServers(t, r, w, "tcp")
	}
}

func evenConnections(t *testing.T, r *clustertest.Rig) {
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2, 3)
	if by := clustertest.Serves(t, port, 30); by[1] != 10 || by[2] != 10 || by[3] != 10 {
		t.Errorf("connections by worker: %v, want 10 each", by)
	}
	closeAllServers(t, r, 1, 2, 3)
}

// A connection that a worker refuses goes to another.
func refusedConnections(t *testing.T, r *clustertest.Rig) {
	port := clustertest.FreePort(t)
	clustertest.Listen(t, r, 1, map[string]any{"port": port, "host": "127.0.0.1"}, "maxConnections", 1)
	clustertest.ListenAll(t, r, port, 2)
	clients := clustertest.ConnectAll(t, port, 10)
	if by := clustertest.Greetings(t, clients); by[1] != 1 || by[2] != 9 {
		t.Errorf("connections by worker: %v, want 1 with worker 1, which takes no more, and 9 with worker 2", by)
	}
	clustertest.HangUp(clients)
	closeAllServers(t, r, 1, 2)
}

// Connections that all workers refuse wait until a worker takes them, and are not offered all the time.
func allFull(t *testing.T, r *clustertest.Rig) {
	port := clustertest.FreePort(t)
	for _, w := range []int{1, 2} {
		clustertest.Listen(t, r, w, map[string]any{"port": port, "host": "127.0.0.1"}, "maxConnections", 1)
	}
	held := clustertest.ConnectAll(t, port, 2)
	clustertest.Greetings(t, held)
	waiting := clustertest.ConnectAll(t, port, 5)
	start, before := time.Now(), received(t, r, 1)+received(t, r, 2)
	for time.Since(start) < 500*time.Millisecond {
		received(t, r, 1)
	}
	offers, elapsed := received(t, r, 1)+received(t, r, 2)-before, time.Since(start)
	// Two workers, each of which pauses for 1, 2, 4, … and then 128 ms after a refusal.
	if most := len(waiting) + 2*(8+int(elapsed/(128*time.Millisecond))); offers > most {
		t.Errorf("%d offers in %v to workers that take nothing, want at most %d", offers, elapsed, most)
	}
	served := make(chan *clustertest.Client, len(waiting))
	for _, c := range waiting {
		go func() {
			if _, err := c.Greeting(); err != nil {
				t.Errorf("no greeting: %v", err)
			}
			served <- c
		}()
	}
	for range waiting {
		held[0].Close()
		held = append(held[1:], <-served)
	}
	clustertest.HangUp(held)
	closeAllServers(t, r, 1, 2)
}

// received is how many connections a worker was offered.
func received(t testing.TB, r *clustertest.Rig, worker int) int {
	t.Helper()
	return clustertest.AskAgent(t, r, worker, clustertest.Command{"do": "received"}).Count
}

// A worker that closes its server while connections are on their way to it refuses those.
func closingServer(t *testing.T, r *clustertest.Rig) {
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2)
	clustertest.Stop(t, r.ForkedWorker(1))
	r.Tell(1, clustertest.Command{"do": "close"})
	clients := clustertest.ConnectAll(t, port, 2*window)
	r.Kill(1, syscall.SIGCONT)
	if by := clustertest.Greetings(t, clients); by[2] != 2*window {
		t.Errorf("connections by worker: %v, want %d with worker 2", by, 2*window)
	}
	clustertest.HangUp(clients)
	closeAllServers(t, r, 2)
}

// A worker that does nothing keeps a few connections waiting, and no other.
func stoppedWorker(t *testing.T, r *clustertest.Rig) {
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2, 3)
	clustertest.Stop(t, r.ForkedWorker(1))
	clients := clustertest.ConnectAll(t, port, 5*window)
	greeted := make(chan int, len(clients))
	for _, c := range clients {
		go func() {
			w, err := c.Greeting()
			if err != nil {
				t.Errorf("no greeting: %v", err)
			}
			greeted <- w
		}()
	}
	by := map[int]int{}
	for range 4 * window {
		by[<-greeted]++
	}
	if by[1] != 0 {
		t.Errorf("connections by worker: %v, want none with worker 1, which stands still", by)
	}
	r.Kill(1, syscall.SIGCONT)
	for range window {
		by[<-greeted]++
	}
	if by[1] > window {
		t.Errorf("connections by worker: %v, want at most %d with worker 1", by, window)
	}
	clustertest.HangUp(clients)
	closeAllServers(t, r, 1, 2, 3)
}

// Connections that were with a worker when it died go to the others.
func dyingWorker(t *testing.T, r *clustertest.Rig) {
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2, 3)
	clustertest.Stop(t, r.ForkedWorker(3))
	clients := clustertest.ConnectAll(t, port, 4*window)
	r.Kill(3, syscall.SIGKILL)
	if by := clustertest.Greetings(t, clients); by[3] != 0 || by[1]+by[2] != 4*window {
		t.Errorf("connections by worker: %v, want all with workers 1 and 2", by)
	}
	clustertest.HangUp(clients)
	if o := r.Event(t, "exit", 3); o.Signal != "SIGKILL" || o.ExitedAfterDisconnect {
		t.Errorf("%v, want SIGKILL", o)
	}
	closeAllServers(t, r, 1, 2)
}
