//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"

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

func expectWorkers(t *testing.T, r *rig, want ...int) {
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
		r := newAgents(t, node, cluster.SchedRR, 2)
		port := freePort(t)
		listenAll(t, r, port, 1, 2)
		expectWorkers(t, r, 1, 2)
		w := r.worker(1)
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
		if by := serves(t, port, 4); by[2] != 4 {
			t.Errorf("connections by worker: %v, want all with worker 2", by)
		}
		hangUp(clients)
		if o := r.event(t, "exit", 1); o.Code != 0 || !o.ExitedAfterDisconnect {
			t.Errorf("%v, want code 0 after disconnect", o)
		}
		r.event(t, "disconnect", 1)
		<-w.Exited()
		if w.IsConnected() || !w.IsDead() || w.ExitStatus() != (nodeipc.ExitStatus{}) {
			t.Errorf("after its end: connected %v, dead %v, %v", w.IsConnected(), w.IsDead(), w.ExitStatus())
		}
		if s := w.State(); s != cluster.StateDead && s != cluster.StateDisconnected {
			t.Errorf("after its end: %s", s)
		}
		if err := w.Send(patient(t), "too late"); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("send after the end: %v, want %v", err, nodeipc.ErrDisconnected)
		}
		if err := w.Kill(0); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("kill after the end: %v, want %v", err, os.ErrProcessDone)
		}
		w.Disconnect()
	})
}

func TestDisconnectOfAll(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		r := newAgents(t, node, cluster.SchedRR, 3)
		port := freePort(t)
		listenAll(t, r, port, 1, 2, 3)
		client := connect(t, "tcp", local(port))
		client.worker(t)
		at, cancel := context.WithCancelCause(context.Background())
		cancel(errors.New("no patience"))
		if err := r.Disconnect(at); err == nil || !errors.Is(err, context.Cause(at)) {
			t.Errorf("disconnect with a context that has ended: %v, want its cause", err)
		}
		expectWorkers(t, r)
		client.Close()
		if err := r.Disconnect(patient(t)); err != nil {
			t.Fatal(err)
		}
		expectRefusal(t, port)
		for id := 1; id <= 3; id++ {
			if w := r.worker(id); w.ExitStatus().Code != 0 || !w.ExitedAfterDisconnect() || !w.IsDead() {
				t.Errorf("worker %d: %v", id, w.ExitStatus())
			}
		}
		if err := r.Disconnect(patient(t)); err != nil {
			t.Errorf("disconnect without workers: %v", err)
		}
		r.ready(r.fork())
		listenAll(t, r, port, 4)
		if w := whoServes(t, "tcp", local(port)); w != 4 {
			t.Errorf("worker %d serves", w)
		}
	})
}

// A worker that stands still does not keep others from leaving.
func TestDisconnectWithOneThatStandsStill(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
	stop(t, r.worker(1))
	at, cancel := context.WithCancel(patient(t))
	go func() {
		r.event(t, "exit", 2)
		cancel()
	}()
	if err := r.Disconnect(at); !errors.Is(err, context.Canceled) {
		t.Errorf("disconnect: %v, want %v", err, context.Canceled)
	}
	r.kill(1, syscall.SIGKILL)
	if err := r.Disconnect(patient(t)); err != nil {
		t.Error(err)
	}
}

func TestKill(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
	r.signal(r.worker(1), 0)
	r.signal(r.worker(2), syscall.SIGUSR2)
	for id, want := range map[int]syscall.Signal{1: syscall.SIGTERM, 2: syscall.SIGUSR2} {
		r.event(t, "exit", id)
		if s := r.worker(id).ExitStatus(); s != (nodeipc.ExitStatus{Code: -1, Signal: want}) {
			t.Errorf("worker %d: %v, want %v", id, s, want)
		}
	}
}
