//go:build unix

package pool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// The instances keep their numbers: the highest go, and those that come have the smallest that are free.
func TestScale(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2, Programs: []pool.Program{{Settings: clustertest.Shell("read end <&3")}}})
	for _, c := range []struct {
		n    int
		want []string
	}{
		{2, []string{"0", "1"}},
		{4, []string{"0", "1", "3", "4"}},
		{1, []string{"0"}},
		{3, []string{"0", "1", "3"}},
	} {
		if err := r.Scale(clustertest.Patient(t), c.n); err != nil {
			t.Fatalf("scale to %d: %v", c.n, err)
		}
		workers := slices.DeleteFunc(r.Workers(), func(w *cluster.Worker) bool { return w.ID() == 3 })
		if len(workers) != c.n || len(clustertest.ListeningWorkers(workers)) != c.n {
			t.Errorf("scaled to %d, %d workers run", c.n, len(workers))
		}
		served := map[string]bool{}
		for range 2 * c.n {
			_, instance, _ := strings.Cut(clustertest.BodyOf(t, r.port), " ")
			served[instance] = true
		}
		for _, instance := range c.want {
			if !served[instance] {
				t.Errorf("scaled to %d, %v have served, want %v", c.n, served, c.want)
			}
		}
	}
	if w := r.Worker(3); w == nil {
		t.Error("the worker of the other program has gone")
	}
}

// Workers that fail in the beginning leave the pool as it was.
func TestScaleThatFails(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 1})
	r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE > 2) process.exit(1)")
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Fatal(err)
	}
	if err := r.Scale(clustertest.Patient(t), 4); err == nil || !strings.Contains(err.Error(), "pool: scale: instance 3: ") {
		t.Errorf("the scaling ended with %v", err)
	}
	r.expectServing(t, "2", 1)
	if err := r.Scale(clustertest.Patient(t), 3); err != nil {
		t.Error(err)
	}
	r.expectServing(t, "2", 3)
}

func TestScaleThatIsCancelled(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 1})
	r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE > 0) never = true")
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(clustertest.Patient(t))
	ended := make(chan error)
	go func() { ended <- r.Scale(ctx, 3) }()
	r.Event(t, "online", 4)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the scaling ended with %v, want %v", err, context.Canceled)
	}
	r.Event(t, "exit", 3)
	r.Event(t, "exit", 4)
	r.expectServing(t, "2", 1)
}

func TestScaleOfWhatCannotBeScaled(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newPool(t, clustertest.Shell("exec sleep 1000"), pool.Options{Instances: 1})
	if err := p.Scale(clustertest.Patient(t), 2); err == nil || !strings.Contains(err.Error(), "not started") {
		t.Errorf("scale before the start: %v", err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if err := p.Scale(clustertest.Patient(t), 0); err == nil || !strings.Contains(err.Error(), "use 1 or more") {
		t.Errorf("scale to none: %v", err)
	}
	p.Shutdown(clustertest.Patient(t))
	if err := p.Scale(clustertest.Patient(t), 2); !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("scale after the end: %v", err)
	}
	if err := p.Restart(clustertest.Patient(t)); !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("restart after the end: %v", err)
	}
}
