//go:build linux

package pool_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Reloads and scalings under clients that open a connection for each request: every client is answered.
func TestLoadWithReloads(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) { loadWithReloads(t, node, policy) })
	})
}

func loadWithReloads(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy) {
	nodetest.NoLeaks(t)
	p, port := startLoadPool(t, node, policy, 2)
	expectFullPool(t, p, 2)
	load := clustertest.StartLoad(port)
	t.Cleanup(load.Stop)
	ctx := clustertest.Patient(t)
	expectDone(t, "scale up", p.Scale(ctx, 3))
	_, err := p.Reload(ctx, pool.ReloadOptions{Bake: -1, Parallel: 2})
	expectDone(t, "reload", err)
	expectDone(t, "scale down", p.Scale(ctx, 1))
	expectDone(t, "scale up again", p.Scale(ctx, 2))
	load.Stop()
	t.Logf("%d connections, %d failures", load.Connections(), len(load.Failures))
	for _, f := range load.Failures {
		t.Errorf("a client failed after %v with: %v", f.Ended.Sub(f.Began), f.Err)
	}
	expectFullPool(t, p, 2)
}

func expectDone(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// Workers that die while others are reloaded: a client may lose its connection only to a death, and each reload ends, with the pool
// full.
func TestLoadWithDeathsAndReloads(t *testing.T) {
	nodetest.NoLeaks(t)
	p, port := startLoadPool(t, nodetest.Default(t), cluster.SchedRR, loadWorkers)
	expectFullPool(t, p, loadWorkers)
	before := countResources(t)
	load := clustertest.StartLoad(port)
	t.Cleanup(load.Stop)
	var changing sync.WaitGroup
	ended := make(chan struct{})
	changing.Go(func() {
		defer close(ended)
		for n := range 3 {
			if _, err := p.Reload(clustertest.Patient(t), pool.ReloadOptions{Bake: -1, Wait: true}); err != nil && !errors.Is(err, pool.ErrReloading) {
				t.Log(err) // a new worker may have been killed
			}
			if err := p.Scale(clustertest.Patient(t), loadWorkers-n%2); err != nil {
				t.Log(err)
			}
		}
	})
	var deaths clustertest.Deaths
	tick := time.NewTicker(loadKillEvery)
	defer tick.Stop()
	for changes := true; changes; {
		select {
		case <-ended:
			changes = false
		case <-tick.C:
			workers := slices.DeleteFunc(listeningWorkers(p), deaths.Has)
			if len(workers) > 1 {
				deaths.Cause(t, workers[rand.IntN(len(workers))])
			}
		}
	}
	changing.Wait()
	load.Stop()
	deaths.Wait()
	t.Logf("%d connections, %d deaths, %d connections lost", load.Connections(), len(deaths.List), len(load.Failures))
	deaths.ExpectAllOf(t, load.Failures)
	if err := p.Scale(clustertest.Patient(t), loadWorkers); err != nil {
		t.Error(err)
	}
	expectFullPool(t, p, loadWorkers)
	if _, err := p.Reload(clustertest.Patient(t), quick); err != nil {
		t.Error(err)
	}
	expectResources(t, before)
}
