//go:build linux

package cluster_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
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
	eachPolicy(t, loadWithDeaths)
}

func loadWithDeaths(t *testing.T, policy cluster.SchedulingPolicy) {
	nodetest.NoLeaks(t)
	pool, port := startLoadPool(t, policy)
	expectFullPool(t, pool)
	before := countResources(t)

	load := clustertest.StartLoad(port)
	t.Cleanup(load.Stop)
	deaths := killUnderLoad(t, pool)
	load.ExpectConnections(t, loadConnections)
	load.Stop()
	deaths.Wait()
	t.Logf("%d connections, %d deaths, %d connections lost", load.Connections(), len(deaths.List), len(load.Failures))

	expectFailuresOfDeathsOnly(t, load.Failures, deaths)
	expectFullPool(t, pool)
	expectResources(t, before)
}

// startLoadPool starts a pool whose workers have successors at once, however many of them die.
func startLoadPool(t *testing.T, policy cluster.SchedulingPolicy) (*cluster.Pool, int) {
	t.Helper()
	var output realOutput
	output.logOnFailure(t)
	port := nodetest.FreePort(t)
	settings := realSettings(t, nodetest.Default(t), realApp(t, "http.js"), &output)
	settings.Env = append(settings.Env, "PORT="+strconv.Itoa(port))
	settings.SchedulingPolicy = policy
	pool, err := cluster.NewPool(settings, cluster.PoolSettings{
		Instances: loadWorkers, MinPause: time.Millisecond, MaxPause: time.Millisecond, MaxRestarts: 1 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		pool.Shutdown(clustertest.Patient(t))
		pool.Close()
	})
	if err := pool.Start(); err != nil {
		t.Fatal(err)
	}
	return pool, port
}

func listeningWorkers(pool *cluster.Pool) (workers []*cluster.Worker) {
	for _, w := range pool.Workers() {
		if w.State() == cluster.StateListening {
			workers = append(workers, w)
		}
	}
	return workers
}

// expectFullPool waits until all workers listen. Of errors there may be the one of a worker that was killed while it
// wrote.
func expectFullPool(t *testing.T, pool *cluster.Pool) {
	t.Helper()
	ctx := clustertest.Patient(t)
	for len(listeningWorkers(pool)) < loadWorkers {
		event, err := pool.Next(ctx)
		if err != nil {
			t.Fatalf("%d of %d workers listen: %v", len(listeningWorkers(pool)), loadWorkers, err)
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
func killUnderLoad(t *testing.T, pool *cluster.Pool) *clustertest.Deaths {
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
		workers := slices.DeleteFunc(listeningWorkers(pool), deaths.Has)
		if len(workers) > 1 {
			deaths.Cause(t, workers[rand.IntN(len(workers))])
			last = time.Now()
		}
	}
	return &deaths
}

// expectFailuresOfDeathsOnly checks that whatever failed did so while a worker died, and that no more failed than the
// clients could have had with it.
func expectFailuresOfDeathsOnly(t *testing.T, failures []clustertest.Failure, deaths *clustertest.Deaths) {
	t.Helper()
	lost := map[*clustertest.Death]int{}
	for _, f := range failures {
		during := deaths.During(f)
		switch {
		case !lostToDeath(f.Err):
			t.Errorf("a client failed after %v with: %v", f.Ended.Sub(f.Began), f.Err)
		case during == nil:
			t.Errorf("a client failed while no worker died, after %v with: %v", f.Ended.Sub(f.Began), f.Err)
		default:
			lost[during]++
		}
	}
	for d, n := range lost {
		if n > clustertest.LoadClients {
			t.Errorf("worker %d took %d connections with it; there were %d clients", d.Worker.ID(), n, clustertest.LoadClients)
		}
	}
}

// lostToDeath reports whether an error is that of a connection whose other end has ended.
func lostToDeath(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// resources are what a primary has of the system and the runtime.
type resources struct{ descriptors, goroutines int }

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
	for got := countResources(t); got != want; got = countResources(t) {
		select {
		case <-over:
			t.Fatalf("after the load %+v are in use, want %+v as before it", got, want)
		case <-again.C:
		}
	}
}
