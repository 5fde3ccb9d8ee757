//go:build linux

package pool_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const (
	loadWorkers     = 4
	loadConnections = 3000 // at least
	loadDeaths      = 25   // at least
	loadKillEvery   = 100 * time.Millisecond
)

// TestLoadWithDeaths kills one worker after the other under load. A client may lose its connection only to the death
// of the worker that had taken it: none is refused, and none waits in vain.
func TestLoadWithDeaths(t *testing.T) {
	for _, policy := range cluster.SchedulingPolicies() {
		t.Run(string(policy), func(t *testing.T) { loadWithDeaths(t, policy) })
	}
}

func loadWithDeaths(t *testing.T, policy cluster.SchedulingPolicy) {
	nodetest.NoLeaks(t)
	p, port := startLoadPool(t, nodetest.Default(t), policy, loadWorkers)
	expectFullPool(t, p, loadWorkers)
	before := countResources(t)

	load := clustertest.StartLoad(port)
	t.Cleanup(load.Stop)
	deaths := killUnderLoad(t, p)
	load.ExpectConnections(t, loadConnections)
	load.Stop()
	deaths.Wait()
	t.Logf("%d connections, %d deaths, %d connections lost", load.Connections(), len(deaths.List), len(load.Failures))

	deaths.ExpectAllOf(t, load.Failures)
	expectFullPool(t, p, loadWorkers)
	expectResources(t, before)
}

// startLoadPool starts a pool whose workers have successors at once, however many of them die.
func startLoadPool(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy, workers int) (*pool.Pool, int) {
	t.Helper()
	var output clustertest.Output
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the workers printed:\n%s", &output)
		}
	})
	app, err := filepath.Abs(filepath.Join("..", "..", "testdata", "apps", "http.js"))
	if err != nil {
		t.Fatal(err)
	}
	port := nodetest.FreePort(t)
	p, err := pool.New(cluster.Settings{
		Exec: app, ExecPath: node.Path, Env: []string{"PORT=" + strconv.Itoa(port)}, Stdout: &output, Stderr: &output,
		SchedulingPolicy: policy,
	}, pool.Options{Instances: workers, MinPause: time.Millisecond, MaxPause: time.Millisecond, MaxRestarts: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Shutdown(clustertest.Patient(t))
		p.Close()
	})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p, port
}

func listeningWorkers(p *pool.Pool) []*cluster.Worker {
	return clustertest.ListeningWorkers(p.Workers())
}

// expectFullPool waits until all workers listen. Of errors there may be the one of a worker that was killed while it
// wrote.
func expectFullPool(t *testing.T, p *pool.Pool, workers int) {
	t.Helper()
	ctx := clustertest.Patient(t)
	for len(listeningWorkers(p)) < workers {
		event, err := p.Next(ctx)
		if err != nil {
			t.Fatalf("%d of %d workers listen: %v", len(listeningWorkers(p)), workers, err)
		}
		switch e := event.(type) {
		case cluster.ErrorEvent:
			t.Error(e.Err)
		case cluster.DisconnectEvent:
			if e.Err != nil && !errors.Is(e.Err, io.ErrUnexpectedEOF) {
				t.Error(e.Err)
			}
		}
	}
}

// killUnderLoad kills workers that listen, often enough.
func killUnderLoad(t *testing.T, p *pool.Pool) *clustertest.Deaths {
	t.Helper()
	var deaths clustertest.Deaths
	tick := time.NewTicker(loadKillEvery)
	defer tick.Stop()
	last := time.Now()
	for len(deaths.List) < loadDeaths {
		if time.Since(last) > clustertest.Patience {
			t.Fatalf("%d deaths, and none within %v: the dead have no successors", len(deaths.List), clustertest.Patience)
		}
		<-tick.C
		// The last one is spared: on a machine that takes longer to start a worker than this loop to kill one, nobody
		// would be left to answer. Nor is one killed twice, of whose death the primary has not heard yet.
		workers := slices.DeleteFunc(listeningWorkers(p), deaths.Has)
		if len(workers) > 1 {
			deaths.Cause(t, workers[rand.IntN(len(workers))])
			last = time.Now()
		}
	}
	return &deaths
}

// resources are what a primary has of the system and the runtime.
type resources struct{ descriptors, goroutines int }

// exceeds reports whether there is more of something. There may be less: what was on its way out before may have ended since.
func (r resources) exceeds(other resources) bool {
	return r.descriptors > other.descriptors || r.goroutines > other.goroutines
}

func countResources(t *testing.T) resources {
	t.Helper()
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return resources{len(descriptors), runtime.NumGoroutine()}
}

// expectResources waits for what is on its way out still: the reapers of the last workers that died.
func expectResources(t *testing.T, want resources) {
	t.Helper()
	over := time.After(clustertest.Patience)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for got := countResources(t); got.exceeds(want); got = countResources(t) {
		select {
		case <-over:
			t.Fatalf("after the load %+v are in use, want no more than the %+v before it", got, want)
		case <-again.C:
		}
	}
}
