//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// deadlineIn is a context that ends after d, and at the latest with the test.
func deadlineIn(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func expectEnd(t *testing.T, w *cluster.Worker, want nodeipc.ExitStatus) {
	t.Helper()
	select {
	case <-w.Exited():
		if got := w.ExitStatus(); got != want {
			t.Errorf("worker %d ended with %v, want %v", w.ID(), got, want)
		}
	default:
		t.Errorf("worker %d has not ended", w.ID())
	}
}

func TestWorkerShutdown(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		r := clustertest.NewAgents(t, node, cluster.SchedRR, 2)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, 2)
		w := r.ForkedWorker(1)
		for range 2 {
			if err := w.Shutdown(deadlineIn(t, time.Hour)); err != nil {
				t.Error(err)
			}
		}
		expectEnd(t, w, nodeipc.ExitStatus{})
		if !w.ExitedAfterDisconnect() {
			t.Error("the worker was not asked to leave")
		}
		if by := clustertest.Serves(t, port, 4); by[2] != 4 {
			t.Errorf("connections by worker: %v, want all with worker 2", by)
		}
	})
}

// SIGTERM comes first to a worker that has left and still runs, and later to one that still has a connection.
func TestWorkerShutdownTerminates(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1)
	client := clustertest.Connect(t, "tcp", clustertest.Local(port))
	client.Worker(t)
	clustertest.AskAgent(t, r, 2, clustertest.Command{"do": "stay"})
	ended := make(chan *cluster.Worker)
	ctx := deadlineIn(t, 4*time.Second)
	for id := 1; id <= 2; id++ {
		w := r.ForkedWorker(id)
		go func() {
			if err := w.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			ended <- w
		}()
	}
	for _, id := range []int{2, 1} {
		w := nodetest.Receive(t, ended, "end of a worker")
		if w.ID() != id {
			t.Errorf("worker %d has ended, want worker %d first", w.ID(), id)
		}
		expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
	}
}

// A worker that has never spoken gets SIGTERM, as any program does that is to end.
func TestWorkerShutdownOfOtherPrograms(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, clustertest.Shell("exec sleep 1000"))
	w := r.MustFork()
	if err := w.Shutdown(deadlineIn(t, time.Hour)); err != nil {
		t.Error(err)
	}
	expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
}

// SIGKILL ends a worker that SIGTERM does not end.
func TestWorkerShutdownKills(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, clustertest.Shell(`trap 'echo "\"term\"" >&3' TERM; echo '"ready"' >&3; while :; do sleep 0.01; done`))
	w := r.MustFork()
	r.Ready(w)
	if err := w.Shutdown(deadlineIn(t, time.Second)); !errors.Is(err, cluster.ErrKilled) {
		t.Errorf("%v, want %v", err, cluster.ErrKilled)
	}
	expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
	r.Await(t, "the worker's word that it was told to end", func(o clustertest.Occurrence) bool { return string(o.Message) == `"term"` })
}

// Without a deadline there is one all the same.
func TestWorkerShutdownByDefault(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 1)
	w := r.ForkedWorker(1)
	clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "stay"})
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
}

func TestWorkerShutdownCancelled(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 1)
	w := r.ForkedWorker(1)
	clustertest.Stop(t, w)
	ctx, cancel := context.WithCancelCause(deadlineIn(t, time.Hour))
	cause := errors.New("no patience")
	cancel(cause)
	if err := w.Shutdown(ctx); !errors.Is(err, cluster.ErrKilled) || !errors.Is(err, cause) {
		t.Errorf("%v, want %v and %v", err, cluster.ErrKilled, cause)
	}
	expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
	if err := w.Shutdown(ctx); err != nil {
		t.Errorf("shutdown after the end: %v", err)
	}
}
