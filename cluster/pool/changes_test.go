//go:build unix

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A second reload is refused, or waits as it is asked to.
func TestReloadBesideAnother(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	r.publish("2", "BEFORE=never = true")
	ctx, cancel := context.WithCancel(clustertest.Patient(t))
	first := r.reload(ctx, pool.ReloadOptions{ListenTimeout: time.Hour})
	r.Event(t, "online", 3)
	if _, err := r.Reload(clustertest.Patient(t), quick); !errors.Is(err, pool.ErrReloading) {
		t.Errorf("a second reload ended with %v, want %v", err, pool.ErrReloading)
	}
	impatient, give := context.WithCancel(clustertest.Patient(t))
	give()
	if _, err := r.Reload(impatient, pool.ReloadOptions{Wait: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("a reload that waited ended with %v, want %v", err, context.Canceled)
	}
	waits := quick
	waits.Wait = true
	second := r.reload(clustertest.Patient(t), waits)
	r.publish("3")
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first reload ended with %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second reload ended with %v", err)
	}
	r.expectServing(t, "3", 2)
}

// A pool that is shut down or closed ends a reload, whichever worker it is at.
func TestEndOfThePoolInAReload(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, end := range map[string]func(r *reloadRig){
		"Shutdown": func(r *reloadRig) { r.Shutdown(context.Background()) },
		"Close":    func(r *reloadRig) { r.Pool.Close() },
	} {
		for event, o := range map[string]pool.ReloadOptions{
			"online":     {ListenTimeout: time.Hour},
			"listening":  {Bake: time.Hour},
			"disconnect": {Bake: -1},
		} {
			t.Run(name+" at "+event, func(t *testing.T) {
				nodetest.NoLeaks(t)
				r := newReloadRig(t, pool.Options{Instances: 2})
				o.WaitReady = event == "online"
				ended := r.reload(clustertest.Patient(t), o)
				r.Await(t, event, func(o clustertest.Occurrence) bool {
					return o.Event == event && (o.Worker == 3 || event == "disconnect")
				})
				end(r)
				// The last worker may have been replaced by the time.
				if err := <-ended; !errors.Is(err, cluster.ErrClosed) && (err != nil || event != "disconnect") {
					t.Errorf("the reload ended with %v, want %v", err, cluster.ErrClosed)
				}
				if n := len(r.Workers()); n > 0 {
					t.Errorf("%d workers are left", n)
				}
				if _, err := r.Reload(clustertest.Patient(t), quick); !errors.Is(err, cluster.ErrClosed) {
					t.Errorf("a reload afterwards ended with %v, want %v", err, cluster.ErrClosed)
				}
			})
		}
	}
}

// Who watches a reload sees each step of each worker.
func TestProgress(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	ctx, stop := context.WithCancel(clustertest.Patient(t))
	defer stop()
	steps := r.Progress(ctx)
	r.Progress(ctx) // of which nobody takes anything
	r.publish("2")
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Fatal(err)
	}
	var seen []string
	for step := range steps {
		text := fmt.Sprint(step.Change, " ", step.Step, " ", step.Instance)
		if step.Worker != nil {
			text += fmt.Sprint(" ", step.Worker.ID())
		}
		if seen = append(seen, text); step.Step == pool.Ended {
			break
		}
	}
	want := []string{
		"reload begun -1", "reload started 0 3", "reload ready 0 3", "reload replaced 0 3", "reload started 1 4", "reload ready 1 4",
		"reload replaced 1 4", "reload ended -1",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("the steps are %q, want %q", seen, want)
	}
	later := r.Progress(clustertest.Patient(t))
	r.Shutdown(clustertest.Patient(t))
	for step := range later {
		t.Errorf("after the reload there is %+v", step)
	}
}

// A worker that was replaced and stays does not keep a reload from its end, nor a pool from its own, when they are not to wait.
func TestReplacedWorkersThatStay(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 1, KillTimeout: forever})
	old := r.Worker(1)
	if err := old.Send(clustertest.Patient(t), "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); process.send('stays')"); err != nil {
		t.Fatal(err)
	}
	r.Await(t, "a worker that stays", func(o clustertest.Occurrence) bool { return string(o.Message) == `"stays"` })
	r.publish("2")
	ctx, cancel := context.WithCancel(clustertest.Patient(t))
	ended := r.reload(ctx, quick)
	r.Event(t, "disconnect", 1)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "it is done, but for workers that have not left yet") {
		t.Errorf("the reload ended with %v", err)
	}
	r.expectServing(t, "2", 1)
	r.Shutdown(ctx)
	expectStatus(t, old, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
}

// Reloads, restarts and scalings that are asked for at once, while workers die, come one after the other, and all is well in the end.
func TestChangesAtOnce(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2, MaxRestarts: 1000, MaxPause: time.Millisecond})
	o := quick
	o.Wait = true
	var all sync.WaitGroup
	for i, change := range []func() error{
		func() error { _, err := r.Reload(clustertest.Patient(t), o); return err },
		func() error { return r.Scale(clustertest.Patient(t), 3) },
		func() error { return r.Restart(clustertest.Patient(t)) },
		func() error { return r.Scale(clustertest.Patient(t), 1) },
		func() error { _, err := r.ReloadOne(clustertest.Patient(t), 0, o); return err },
	} {
		all.Go(func() {
			// It may fail of a worker that is killed.
			if err := change(); err != nil {
				t.Logf("change %d: %v", i, err)
			}
		})
	}
	for id := 1; id <= 3; id++ {
		r.Await(t, fmt.Sprintf("listening or end of worker %d", id), func(o clustertest.Occurrence) bool {
			return o.Worker == id && (o.Event == "listening" || o.Event == "exit")
		})
		if w := r.Worker(id); w != nil { // else it leaves by now
			w.Kill(syscall.SIGKILL)
		}
	}
	all.Wait()
	r.publish("2")
	if err := r.Scale(clustertest.Patient(t), 2); err != nil {
		t.Error(err)
	}
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Error(err)
	}
	r.expectServing(t, "2", 2)
}
