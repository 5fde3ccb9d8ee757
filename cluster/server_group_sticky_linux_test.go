package cluster_test

import (
	"slices"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// whose returns the worker that serves each of n addresses, which has to be the same each time.
func whose(t *testing.T, port, n, times int) (workers []int) {
	t.Helper()
	for i := range n {
		var w int
		for again := range times {
			c := connectFrom(t, clientAddress(i), port)
			got := c.Worker(t)
			c.Close()
			if again > 0 && got != w {
				t.Fatalf("%s is served by worker %d and then by %d", clientAddress(i), w, got)
			}
			w = got
		}
		workers = append(workers, w)
	}
	return workers
}

func TestStickyClients(t *testing.T) {
	nodetest.NoLeaks(t)
	r, port := goGroup(t, cluster.SchedSticky, 4)
	const clients = 1000
	before := whose(t, port, clients, 10)
	by := map[int]int{}
	for _, w := range before {
		by[w]++
	}
	for w := 1; w <= 4; w++ {
		if by[w] < clients/4*3/4 || by[w] > clients/4*5/4 {
			t.Errorf("worker %d has %d of %d clients", w, by[w], clients)
		}
	}

	r.Kill(2, syscall.SIGKILL)
	r.Event(t, "exit", 2)
	r.Event(t, "disconnect", 2)
	for i, w := range whose(t, port, clients, 1) {
		if w == 2 || before[i] != 2 && w != before[i] {
			t.Errorf("%s moves from worker %d to %d when worker 2 dies", clientAddress(i), before[i], w)
		}
	}
	r.MustFork()
	r.Listening(t, 5, port)
	for i, w := range whose(t, port, clients, 1) {
		if w != before[i] && (before[i] != 2 || w != 5) {
			t.Errorf("%s moves from worker %d to %d, and worker 5 has succeeded worker 2", clientAddress(i), before[i], w)
		}
	}

	r.MustFork()
	r.Listening(t, 6, port)
	moved := 0
	for i, w := range whose(t, port, clients, 1) {
		switch {
		case w == 6:
			moved++
		case w != before[i] && w != 5:
			t.Errorf("%s moves from worker %d to %d, and the new worker is 6", clientAddress(i), before[i], w)
		}
	}
	if moved < clients/5*3/4 || moved > clients/5*5/4 {
		t.Errorf("the new worker has %d of %d clients, want a fifth within a quarter", moved, clients)
	}
}

// A successor that is started beside a worker has that one's clients when it leaves, and none before. No other client moves.
func TestStickySuccessor(t *testing.T) {
	t.Run("in the kernel", stickySuccessor)
	t.Run("in the primary", func(t *testing.T) { nodetest.UnderSeccomp(t, withoutPrograms(syscall.EPERM), stickySuccessor) })
}

func stickySuccessor(t *testing.T) {
	nodetest.NoLeaks(t)
	r, port := goGroup(t, cluster.SchedSticky, 3)
	const clients = 100
	before := whose(t, port, clients, 1)
	served := 2
	if _, err := clustertest.NewRig(t, cluster.Settings{}).ForkSuccessor(r.ForkedWorker(served), r.Settings()); err == nil {
		t.Error("a primary forks the successor of another one's worker")
	}
	for _, leave := range []func(){
		func() { r.DisconnectWorker(served) },
		func() { r.Kill(served, syscall.SIGKILL) },
	} {
		successor, err := r.ForkSuccessor(r.ForkedWorker(served), r.Settings())
		if err != nil {
			t.Fatal(err)
		}
		r.Keep(successor)
		r.Listening(t, successor.ID(), port)
		if now := whose(t, port, clients, 1); !slices.Equal(now, before) {
			t.Errorf("clients move when a successor comes: from %v to %v", before, now)
		}
		leave()
		r.Event(t, "exit", served)
		r.Event(t, "disconnect", served)
		for i, w := range whose(t, port, clients, 1) {
			switch {
			case before[i] == served && w == successor.ID():
				before[i] = w
			case w != before[i]:
				t.Errorf("%s moves from worker %d to %d when worker %d leaves, whose successor is %d", clientAddress(i), before[i], w, served, successor.ID())
			}
		}
		served = successor.ID()
	}
}

// Where the kernel cannot choose, the primary does: here because the socket is one that it was started with.
func TestStickyInThePrimary(t *testing.T) {
	nodetest.NoLeaks(t)
	file, port := clustertest.ListeningFile(t)
	fd := int(file.Fd())
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedSticky, 3)
	r.Offer(fd)
	for w := 1; w <= 3; w++ {
		clustertest.Listen(t, r, w, map[string]any{"fd": fd})
	}
	const clients = 200
	before := whose(t, port, clients, 3)

	// The clients of a worker that was stopped wait for it, and those of other workers do not.
	clustertest.Stop(t, r.ForkedWorker(1))
	var waiting []*clustertest.Client
	for i := range 100 {
		c := connectFrom(t, clientAddress(i), port)
		if before[i] == 1 {
			waiting = append(waiting, c)
		} else if w := c.Worker(t); w != before[i] {
			t.Errorf("%s moves from worker %d to %d while worker 1 stands still", clientAddress(i), before[i], w)
		}
	}
	r.Kill(1, syscall.SIGCONT)
	expectServers(t, waiting, 1)

	clustertest.Stop(t, r.ForkedWorker(1))
	waiting = connectFromMany(t, port, clients)
	r.Kill(1, syscall.SIGKILL)
	for i, c := range waiting {
		if w := c.Worker(t); w == 1 || before[i] != 1 && w != before[i] {
			t.Errorf("%s moves from worker %d to %d when worker 1 dies", clientAddress(i), before[i], w)
		}
	}
	r.Ready(r.MustFork())
	clustertest.Listen(t, r, 4, map[string]any{"fd": fd})
	for i, w := range whose(t, port, clients, 1) {
		if w != before[i] && (before[i] != 1 || w != 4) {
			t.Errorf("%s moves from worker %d to %d, and worker 4 has succeeded worker 1", clientAddress(i), before[i], w)
		}
	}
}
