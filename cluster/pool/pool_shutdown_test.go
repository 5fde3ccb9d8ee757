//go:build unix

package pool_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// agentPool is a pool of one agent that is ready.
func agentPool(t *testing.T, killTimeout time.Duration) (*rig, *cluster.Worker) {
	t.Helper()
	settings := clustertest.AgentSettings(t, nodetest.Default(t))
	r := newRig(t, settings, pool.Options{Instances: 1, KillTimeout: killTimeout})
	clustertest.AwaitReady(t, r.Journal, 1)
	w := r.Worker(1)
	r.Keep(w)
	return r, w
}

func expectStatus(t *testing.T, w *cluster.Worker, want nodeipc.ExitStatus) {
	t.Helper()
	if got := w.ExitStatus(); got != want || !w.IsDead() {
		t.Errorf("the worker ended with %v, want %v", got, want)
	}
}

const (
	soon = 300 * time.Millisecond
	// later leaves a worker time to end by the signal, on a machine that is busy.
	later   = 4 * time.Second
	forever = time.Hour
)

// Connections that are open when a pool is shut down are served to their end.
func TestShutdownWaitsForConnections(t *testing.T) {
	nodetest.NoLeaks(t)
	r, w := agentPool(t, forever)
	port := clustertest.FreePort(t)
	clustertest.Listen(t, r.Rig, 1, map[string]any{"port": port, "host": "127.0.0.1"})
	client := clustertest.Connect(t, "tcp", clustertest.Local(port))
	client.Worker(t)
	down := make(chan struct{})
	go func() {
		defer close(down)
		r.Shutdown(context.Background())
	}()
	for !w.ExitedAfterDisconnect() {
		r.Workers()
	}
	if w.IsDead() {
		t.Error("the worker ended before its connection")
	}
	client.Close()
	<-down
	expectStatus(t, w, nodeipc.ExitStatus{})
	clustertest.ExpectRefusal(t, port)
	r.Shutdown(context.Background())
}

// A worker that goes on is told to end, and one that hears nothing is killed.
func TestShutdownEndsWhoStays(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct {
		name string
		kill time.Duration
		keep func(t *testing.T, r *rig, w *cluster.Worker)
		want syscall.Signal
	}{
		{"busy with something else", later, func(t *testing.T, r *rig, w *cluster.Worker) {
			clustertest.AskAgent(t, r.Rig, 1, clustertest.Command{"do": "stay"})
		}, syscall.SIGTERM},
		{"with a connection", later, func(t *testing.T, r *rig, w *cluster.Worker) {
			port := clustertest.FreePort(t)
			clustertest.Listen(t, r.Rig, 1, map[string]any{"port": port, "host": "127.0.0.1"})
			clustertest.Connect(t, "tcp", clustertest.Local(port)).Worker(t)
		}, syscall.SIGTERM},
		{"standing still", soon, func(t *testing.T, r *rig, w *cluster.Worker) { clustertest.Stop(t, w) }, syscall.SIGKILL},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, w := agentPool(t, c.kill)
			c.keep(t, r, w)
			r.Shutdown(context.Background())
			expectStatus(t, w, nodeipc.ExitStatus{Code: -1, Signal: c.want})
			if err := r.done(t); err != nil {
				t.Errorf("a pool that was shut down ended with %v", err)
			}
		})
	}
}

func TestShutdownWithContext(t *testing.T) {
	nodetest.NoLeaks(t)
	r, w := agentPool(t, forever)
	clustertest.Stop(t, w)
	at, cancel := context.WithCancel(context.Background())
	cancel()
	r.Shutdown(at)
	expectStatus(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
}

// A program that knows nothing of clusters ends as any program does.
func TestShutdownOfOtherPrograms(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, clustertest.Shell("echo '\"ready\"' >&3; exec sleep 1000"), pool.Options{Instances: 2, KillTimeout: forever})
	clustertest.AwaitReady(t, r.Journal, 1)
	clustertest.AwaitReady(t, r.Journal, 2)
	workers := r.Workers()
	r.Shutdown(context.Background())
	for _, w := range workers {
		expectStatus(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
	}
}

// Close ends a pool at once, and a pool that waits to restart a worker too.
func TestPoolClose(t *testing.T) {
	nodetest.NoLeaks(t)
	r, w := agentPool(t, forever)
	r.Close()
	expectStatus(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
	waiting := newRig(t, clustertest.Shell(clustertest.SaysItListens+"exit 1"), pool.Options{Instances: 1, MinPause: forever, MaxPause: forever})
	waiting.Event(t, "exit", 1)
	waiting.Close()
	waiting.Close()
	if n := waiting.forks(); n != 1 {
		t.Errorf("%d workers were started, want 1", n)
	}
}
