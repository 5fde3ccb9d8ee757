package cluster_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// lagPeriod is short, so that a test waits for no second measurement, and so long that a test on a slow machine makes less than a hundred: of
// more the 99th percentile is not the longest any more.
const lagPeriod = 100 * time.Millisecond

// measure has a rig measure lags.
func measure(r *clustertest.Rig) {
	s := r.Settings()
	s.LagPeriod = lagPeriod
	r.Setup(s)
}

// The lag of a worker is known on every runtime, whatever the worker does, and it serves all the while.
func TestLag(t *testing.T) {
	nodetest.NoLeaks(t)
	test := func(t *testing.T, runtime nodetest.Runtime) {
		r := clustertest.NewAgents(t, runtime, cluster.SchedRR, 2)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, 2)
		measure(r)
		lags(t, r, port)
		const block = 400 * time.Millisecond
		clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "block", "every": 1 << 30, "for": block.Milliseconds()})
		if !clustertest.Eventually(func() bool { return r.ForkedWorker(1).Lag().P99 > block/2 }) {
			t.Errorf("the lag of a worker that was blocked for %v is %v", block, r.ForkedWorker(1).Lag())
		}
	}
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) { t.Parallel(); test(t, node) })
	nodetest.DenoAndBun(t, test)
}

func TestLagOfGoWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	r, port := goGroup(t, cluster.SchedRR, 2)
	measure(r)
	lags(t, r, port)
}

// Ping waits until a worker has read, whether its lag is measured or not, and no longer than it may.
func TestWorkerPing(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, workerPing)
	nodetest.DenoAndBun(t, workerPing)
}

func workerPing(t *testing.T, runtime nodetest.Runtime) {
	r := clustertest.NewAgents(t, runtime, cluster.SchedRR, 1)
	w := r.ForkedWorker(1)
	for _, setUp := range []func(){func() {}, func() { measure(r) }} {
		setUp()
		for range 3 {
			if lag, err := w.Ping(clustertest.Patient(t)); err != nil || lag <= 0 {
				t.Errorf("the worker has read after %v, %v", lag, err)
			}
		}
		clustertest.Stop(t, w)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if lag, err := w.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a worker that stands still has read after %v, %v", lag, err)
		}
		ended := make(chan error, 2)
		for range cap(ended) {
			go ping(t, w, ended)
		}
		r.Kill(1, syscall.SIGCONT)
		for range cap(ended) {
			if err := nodetest.Receive(t, ended, "the end of a ping"); err != nil {
				t.Errorf("the ping of a worker that goes on ends with %v", err)
			}
		}
	}
	clustertest.Stop(t, w)
	ended := make(chan error, 1)
	go ping(t, w, ended)
	r.Kill(1, syscall.SIGKILL)
	if err := nodetest.Receive(t, ended, "the end of the ping"); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("the ping of a worker that is killed ends with %v", err)
	}
	if _, err := w.Ping(t.Context()); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("the ping of a worker that has ended ends with %v", err)
	}
}

func ping(t *testing.T, w *cluster.Worker, ended chan<- error) {
	_, err := w.Ping(clustertest.Patient(t))
	ended <- err
}

// lags stops worker 1 for a while: worker 2 is not slower for that, and has all connections meanwhile.
func lags(t *testing.T, r *clustertest.Rig, port int) {
	t.Helper()
	one, two := r.ForkedWorker(1), r.ForkedWorker(2)
	if !clustertest.Eventually(func() bool { return one.Lag().Last > 0 && two.Lag().Last > 0 }) {
		t.Fatal("no lag is measured")
	}
	clustertest.Stop(t, one)
	const stop = 300 * time.Millisecond
	if !clustertest.Eventually(func() bool { return one.BlockedFor() > stop }) {
		t.Errorf("a worker that stands still is blocked for %v", one.BlockedFor())
	}
	for w := range clustertest.Serves(t, port, 20) {
		if w != 2 {
			t.Errorf("worker %d serves while it stands still", w)
		}
	}
	if lag := one.Lag(); lag.Last < stop*3/4 {
		t.Errorf("the lag of a worker that has stood still for more than %v is %v", stop, lag)
	}
	r.Kill(1, syscall.SIGCONT)
	if !clustertest.Eventually(func() bool { return one.BlockedFor() < stop }) {
		t.Errorf("a worker that goes on is blocked for %v", one.BlockedFor())
	}
	if !clustertest.Eventually(func() bool { return one.Lag().Last < stop/2 }) {
		t.Errorf("the lag of a worker that goes on is %v", one.Lag())
	}
	if lag := one.Lag(); lag.P99 < stop {
		t.Errorf("once a worker goes on that has stood still for %v its lag is %v", stop, lag)
	}
	if waits := one.Lag().P99; two.Lag().P99 >= waits {
		t.Errorf("the lag of the other worker is %v, and that of the one that has stood still %v", two.Lag(), waits)
	}
	for _, w := range []int{1, 2} {
		if !clustertest.Eventually(func() bool { return clustertest.WhoServes(t, "tcp", clustertest.Local(port)) == w }) {
			t.Errorf("worker %d does not serve", w)
		}
	}
}
