//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func ids(workers []*cluster.Worker) (list []int) {
	for _, w := range workers {
		list = append(list, w.ID())
	}
	return list
}

func expectWorkers(t *testing.T, r *clustertest.Rig, want ...int) {
	t.Helper()
	if got := ids(r.Workers()); !slices.Equal(got, want) {
		t.Errorf("workers %v, want %v", got, want)
	}
}

// A worker that is asked to leave finishes what it is at, and is off the list at once.
func TestDisconnectOfOne(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		r := clustertest.NewAgents(t, node, cluster.SchedRR, 2)
		port := clustertest.FreePort(t)
		listenAll(t, r, port, 1, 2)
		expectWorkers(t, r, 1, 2)
		w := r.ForkedWorker(1)
		if w != r.Worker(1) || w.State() != cluster.StateListening || !w.IsConnected() || w.IsDead() || w.ExitedAfterDisconnect() {
			t.Errorf("worker 1 is %s, connected %v, dead %v, exitedAfterDisconnect %v", w.State(), w.IsConnected(), w.IsDead(), w.ExitedAfterDisconnect())
		}
		clients := connectAll(t, port, 2)
		greetings(t, clients)
		w.Disconnect()
		expectWorkers(t, r, 2)
		if !w.ExitedAfterDisconnect() || w.IsDead() || r.Worker(1) != nil {
			t.Errorf("exitedAfterDisconnect %v, dead %v, on the list %v", w.ExitedAfterDisconnect(), w.IsDead(), r.Worker(1))
		}
		if by := clustertest.Serves(t, port, 4); by[2] != 4 {
			t.Errorf("connections by worker: %v, want all with worker 2", by)
		}
		hangUp(clients)
		if o := r.Event(t, "exit", 1); o.Code != 0 || !o.ExitedAfterDisconnect {
			t.Errorf("%v, want code 0 after disconnect", o)
		}
		r.Event(t, "disconnect", 1)
		<-w.Exited()
		if w.IsConnected() || !w.IsDead() || !w.ExitStatus().Success() {
			t.Errorf("after its end: connected %v, dead %v, %v", w.IsConnected(), w.IsDead(), w.ExitStatus())
		}
		if s := w.State(); s != cluster.StateDead && s != cluster.StateDisconnected {
			t.Errorf("after its end: %s", s)
		}
		if err := w.Send(clustertest.Patient(t), "too late"); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("send after the end: %v, want %v", err, nodeipc.ErrDisconnected)
		}
		for _, signal := range []syscall.Signal{0, syscall.SIGTERM} {
			if err := w.Kill(signal); !errors.Is(err, os.ErrProcessDone) {
				t.Errorf("signal %d after the end: %v, want %v", signal, err, os.ErrProcessDone)
			}
		}
		w.Disconnect()
	})
}

func TestDisconnectOfAll(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		r := clustertest.NewAgents(t, node, cluster.SchedRR, 3)
		port := clustertest.FreePort(t)
		listenAll(t, r, port, 1, 2, 3)
		client := clustertest.Connect(t, "tcp", clustertest.Local(port))
		client.Worker(t)
		at, cancel := context.WithCancelCause(context.Background())
		cancel(errors.New("no patience"))
		if err := r.Disconnect(at); err == nil || !errors.Is(err, context.Cause(at)) {
			t.Errorf("disconnect with a context that has ended: %v, want its cause", err)
		}
		expectWorkers(t, r)
		client.Close()
		if err := r.Disconnect(clustertest.Patient(t)); err != nil {
			t.Fatal(err)
		}
		clustertest.ExpectRefusal(t, port)
		for id := 1; id <= 3; id++ {
			if w := r.ForkedWorker(id); w.ExitStatus().Code != 0 || !w.ExitedAfterDisconnect() || !w.IsDead() {
				t.Errorf("worker %d: %v", id, w.ExitStatus())
			}
		}
		if err := r.Disconnect(clustertest.Patient(t)); err != nil {
			t.Errorf("disconnect without workers: %v", err)
		}
		r.Ready(r.MustFork())
		listenAll(t, r, port, 4)
		if w := clustertest.WhoServes(t, "tcp", clustertest.Local(port)); w != 4 {
			t.Errorf("worker %d serves", w)
		}
	})
}

// A worker that stands still does not keep others from leaving.
func TestDisconnectWithOneThatStandsStill(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
	clustertest.Stop(t, r.ForkedWorker(1))
	at, cancel := context.WithCancel(clustertest.Patient(t))
	go func() {
		r.Event(t, "exit", 2)
		cancel()
	}()
	if err := r.Disconnect(at); !errors.Is(err, context.Canceled) {
		t.Errorf("disconnect: %v, want %v", err, context.Canceled)
	}
	r.Kill(1, syscall.SIGKILL)
	if err := r.Disconnect(clustertest.Patient(t)); err != nil {
		t.Error(err)
	}
}

func TestKill(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
	for id := 1; id <= 2; id++ {
		r.Signal(r.ForkedWorker(id), 0)
		clustertest.AskAgent(t, r, id, clustertest.Command{"do": "echo", "value": 1}) // it goes on
	}
	r.Signal(r.ForkedWorker(1), syscall.SIGTERM)
	r.Signal(r.ForkedWorker(2), syscall.SIGUSR2)
	for id, want := range map[int]syscall.Signal{1: syscall.SIGTERM, 2: syscall.SIGUSR2} {
		r.Event(t, "exit", id)
		if s := r.ForkedWorker(id).ExitStatus(); s != (nodeipc.ExitStatus{Code: -1, Signal: want}) {
			t.Errorf("worker %d: %v, want %v", id, s, want)
		}
	}
}
