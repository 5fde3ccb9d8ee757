package pool_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// awaitSpare waits until a spare has loaded that has an instance number.
func (r *reloadRig) awaitSpare(t *testing.T, release string, instance int) *cluster.Worker {
	t.Helper()
	id := r.awaitRelease(t, release, instance)
	r.Event(t, "listening", id)
	w := r.Worker(id)
	if w == nil || !w.IsStandby() {
		t.Fatalf("worker %d is no spare", id)
	}
	return w
}

// expectTakesOver ends a worker, and expects a spare that is loaded to serve in its place.
func (r *reloadRig) expectTakesOver(t *testing.T, spare *cluster.Worker, want string, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(clustertest.Patient(t))
	defer cancel()
	steps := r.Progress(ctx)
	end()
	for step := range steps {
		if step.Change == "spare" && step.Step == pool.Replaced && step.Worker == spare {
			break
		}
	}
	if got := clustertest.BodyOf(t, r.port); got != want {
		t.Errorf("%q answers after the death, want %q", got, want)
	}
}

func (r *reloadRig) kill(t *testing.T, id int) func() {
	return func() {
		if err := r.Worker(id).Kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
}

// A spare serves in the place of a worker that dies, with the number that it has, and another one comes with the number of that worker.
func TestSpare(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) { takesOver(t, node, policy) })
	})
}

func takesOver(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy) {
	if policy == cluster.SchedNone {
		return // such a spare says that it listens when it has taken over: TestSpareThatWaitsToListen
	}
	r := newReloadRigUnder(t, node, policy, pool.Options{Instances: 1, Spare: 1})
	spare := r.awaitSpare(t, "1", 1)
	r.expectAnswers(t, "1 0")
	r.expectTakesOver(t, spare, "1 1", r.kill(t, 1))
	r.Event(t, "listening", 3)
	r.expectTakesOver(t, r.Worker(3), "1 0", func() {
		if err := spare.Send(clustertest.Patient(t), "process.exit(3)"); err != nil {
			t.Fatal(err)
		}
	})
	if n := len(r.Workers()); n > 2 {
		t.Errorf("%d workers run", n)
	}
}

// Under SchedNone a spare listens when it takes over.
func TestSpareThatWaitsToListen(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRigUnder(t, nodetest.Default(t), cluster.SchedNone, pool.Options{Instances: 1, Spare: 1})
	r.Event(t, "listenPending", 2)
	r.expectTakesOver(t, r.Worker(2), "1 1", r.kill(t, 1))
}

// How long nobody answers after the death of the only worker, with a spare and without.
func TestTimeWithoutWorker(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, spare := range []int{0, 1} {
		t.Run(fmt.Sprint(spare, " spares"), func(t *testing.T) {
			r := newReloadRig(t, pool.Options{Instances: 1, Spare: spare})
			if spare > 0 {
				r.awaitSpare(t, "1", 1)
			}
			killed := time.Now()
			r.kill(t, 1)()
			<-r.Worker(1).Exited()
			clustertest.BodyOf(t, r.port)
			t.Logf("an answer %v after SIGKILL", time.Since(killed).Round(time.Microsecond))
		})
	}
}

// A reload and a restart replace the spares too, and scaling leaves them.
func TestSparesFollowChanges(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2, Spare: 1})
	old := r.awaitSpare(t, "1", 2)
	r.publish("2")
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Fatal(err)
	}
	<-old.Gone()
	second := r.awaitSpare(t, "2", 2)
	r.publish("3")
	if err := r.Restart(clustertest.Patient(t)); err != nil {
		t.Fatal(err)
	}
	<-second.Gone()
	spare := r.awaitSpare(t, "3", 2)
	if err := r.Scale(clustertest.Patient(t), 3); err != nil {
		t.Fatal(err)
	}
	r.awaitRelease(t, "3", 3)
	if err := r.Scale(clustertest.Patient(t), 1); err != nil {
		t.Fatal(err)
	}
	if !spare.IsStandby() || len(r.Workers()) != 2 {
		t.Errorf("after the scaling %v run", idsOf(r.Workers()))
	}
	r.expectTakesOver(t, spare, "3 2", r.kill(t, r.awaitRelease(t, "3", 0)))
}

// While a reload goes on, a spare of the release before fills no place that has a new worker already.
func TestNoSpareOfTheReleaseBefore(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2, Spare: 1})
	r.awaitSpare(t, "1", 2)
	r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE === '1') never = true")
	ended := r.reload(clustertest.Patient(t), pool.ReloadOptions{Bake: -1, ListenTimeout: time.Hour})
	first := r.awaitRelease(t, "2", 0)
	r.Event(t, "online", first+1)
	r.kill(t, first)()
	r.Event(t, "listening", first+2)
	if err := r.Worker(first+1).Send(clustertest.Patient(t), "server.listen(PORT, '127.0.0.1')"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	r.awaitSpare(t, "2", 2)
	r.expectAnswers(t, "2 ")
}

// A spare that dies, or never listens, is followed by another, later and later, and the workers serve.
func TestSparesThatFail(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, before := range map[string]string{
		"one throws":        "throw new Error('bad')",
		"one never listens": "never = true",
	} {
		t.Run(name, func(t *testing.T) {
			port := clustertest.FreePort(t)
			published := newReleases(t, nodetest.Default(t), port, "BEFORE=if (NODECLUSTER_INSTANCE === '1') "+before)
			r := &reloadRig{newRig(t, published.now, pool.Options{
				Instances: 1, Spare: 1, MinPause: time.Millisecond, MaxRestarts: 2, Reload: pool.ReloadOptions{ListenTimeout: time.Second},
			}), published, port}
			r.Await(t, "the end of the attempts", func(o clustertest.Occurrence) bool {
				return o.Event == "error" && strings.Contains(o.Err.Error(), "spare workers failed 3 times in a row")
			})
			r.expectServing(t, "1", 1)
			if n := r.forks(); n != 4 {
				t.Errorf("%d workers were started, want 4", n)
			}
		})
	}
}

// A pool whose workers are not restarted has no spares, and one that ends has none left.
func TestSparesEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	never := newReloadRig(t, pool.Options{Instances: 1, Spare: 1, Restart: pool.RestartNever})
	never.kill(t, 1)()
	if err := never.done(t); err == nil || never.forks() != 1 {
		t.Errorf("the pool ended with %v after %d forks", err, never.forks())
	}
	r := newReloadRig(t, pool.Options{Instances: 1, Spare: 2})
	first, second := r.awaitSpare(t, "1", 1), r.awaitSpare(t, "1", 2)
	if err := r.Worker(1).Send(clustertest.Patient(t), "require('cluster').worker.disconnect()"); err != nil {
		t.Fatal(err)
	}
	if err := r.done(t); err != nil {
		t.Errorf("the pool ended with %v", err)
	}
	if !first.IsDead() || !second.IsDead() {
		t.Error("spares run when the pool has ended")
	}
	stopped := newReloadRig(t, pool.Options{Instances: 1, Spare: 1})
	spare := stopped.awaitSpare(t, "1", 1)
	stopped.Shutdown(clustertest.Patient(t))
	if !spare.IsDead() || slices.Contains(stopped.Workers(), spare) {
		t.Error("the spare runs after the shutdown")
	}
}
