package pool_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

var switching = pool.ReloadOptions{Strategy: pool.ReloadSwitch, Bake: time.Millisecond, Parallel: 2, ListenTimeout: clustertest.Patience}

// releaseClients ask again and again, each time on a connection of their own, and know what has answered.
type releaseClients struct {
	newest atomic.Int32 // release that has answered
	asking sync.WaitGroup
	ending atomic.Bool
}

// startReleaseClients starts clients of which none may fail, or be answered by a release after a later one has answered another.
func startReleaseClients(t *testing.T, port int) *releaseClients {
	c := &releaseClients{}
	for range 6 {
		c.asking.Go(func() {
			for !c.ending.Load() {
				c.ask(t, port)
			}
		})
	}
	t.Cleanup(c.stop)
	return c
}

func (c *releaseClients) ask(t *testing.T, port int) {
	before := c.newest.Load()
	body, err := clustertest.AskForBody(clustertest.Local(port), time.Now().Add(clustertest.Patience))
	if err != nil {
		t.Errorf("a client failed with %v", err)
		return
	}
	text, _, _ := strings.Cut(body, " ")
	release, err := strconv.Atoi(text)
	if err != nil || int32(release) < before {
		t.Errorf("%q answers after release %d has", body, before)
	}
	for now := c.newest.Load(); now < int32(release) && !c.newest.CompareAndSwap(now, int32(release)); now = c.newest.Load() {
	}
}

func (c *releaseClients) stop() {
	c.ending.Store(true)
	c.asking.Wait()
}

// No client is answered by the release before after one was answered by the new one, and none fails.
func TestReloadBySwitch(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range cluster.SchedulingPolicies() {
			if policy != cluster.SchedNone {
				t.Run(string(policy), func(t *testing.T) { reloadBySwitch(t, node, policy) })
			}
		}
	})
}

func reloadBySwitch(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy) {
	r := newReloadRigUnder(t, node, policy, pool.Options{Instances: 3})
	ctx, cancel := context.WithCancel(clustertest.Patient(t))
	defer cancel()
	var steps []pool.Progress
	var following sync.WaitGroup
	progress := r.Progress(ctx)
	following.Go(func() {
		for step := range progress {
			steps = append(steps, step)
		}
	})
	clients := startReleaseClients(t, r.port)
	for _, release := range []string{"2", "3"} {
		r.publish(release)
		report, err := r.Reload(ctx, switching)
		if err != nil || !slices.Equal(report.Replaced, []int{0, 1, 2}) {
			t.Fatalf("the reload ended with %v: %+v", err, report)
		}
		r.expectServing(t, release, 3)
	}
	clients.stop()
	if n := clients.newest.Load(); n != 3 {
		t.Errorf("the newest release that has answered a client is %d, want 3", n)
	}
	for _, w := range r.Workers() {
		if w.IsStandby() {
			t.Errorf("worker %d is on standby after the reload", w.ID())
		}
	}
	cancel()
	following.Wait()
	expectReadyBeforeReplaced(t, steps, 3)
}

// expectReadyBeforeReplaced checks that in each reload all successors were ready before any has got its place.
func expectReadyBeforeReplaced(t *testing.T, steps []pool.Progress, workers int) {
	t.Helper()
	ready := 0
	for _, step := range steps {
		switch step.Step {
		case pool.Begun:
			ready = 0
		case pool.SuccessorReady:
			ready++
		case pool.Replaced:
			if ready != workers {
				t.Errorf("instance %d was replaced when %d successors were ready, want %d", step.Instance, ready, workers)
			}
		}
	}
}

// A release of which one worker fails, whenever that is, is seen by no client.
func TestSwitchThatFails(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 3})
	clients := startReleaseClients(t, r.port)
	quickly := switching
	quickly.ListenTimeout = 3 * time.Second
	for name, c := range map[string]struct{ release, want string }{
		"the last throws":        {"BEFORE=if (NODECLUSTER_INSTANCE === '2') throw new Error('bad')", "instance 2: the new worker"},
		"the last never listens": {"BEFORE=if (NODECLUSTER_INSTANCE === '2') never = true", "did not listen on"},
	} {
		t.Run(name, func(t *testing.T) {
			r.publish("2", c.release)
			r.expectFailingSwitch(t, r.reload(clustertest.Patient(t), quickly), c.want)
		})
	}
	t.Run("one that stands by ends", func(t *testing.T) {
		from := r.forks()
		r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE === '2') never = true; else process.on('message', () => process.exit(9))")
		ended := r.reload(clustertest.Patient(t), pool.ReloadOptions{Strategy: pool.ReloadSwitch, Bake: -1, ListenTimeout: time.Hour})
		r.Event(t, "online", from+3) // the two others stand by
		if err := r.Worker(from+1).Send(clustertest.Patient(t), "end"); err != nil {
			t.Fatal(err)
		}
		r.expectFailingSwitch(t, ended, "ended with code 9")
	})
	t.Run("cancelled", func(t *testing.T) {
		from := r.forks()
		r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE === '2') never = true")
		ctx, cancel := context.WithCancel(clustertest.Patient(t))
		ended := r.reload(ctx, switching)
		r.Event(t, "online", from+3)
		cancel()
		for i := 1; i <= 3; i++ { // a reload that is cancelled does not wait for them
			r.Event(t, "exit", from+i)
		}
		r.expectFailingSwitch(t, ended, context.Canceled.Error())
	})
	clients.stop()
	if n := clients.newest.Load(); n != 1 {
		t.Errorf("release %d has answered a client", n)
	}
}

// expectFailingSwitch expects a reload to end with an error, and the workers before it to serve.
func (r *reloadRig) expectFailingSwitch(t *testing.T, ended <-chan error, want string) {
	t.Helper()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the reload ended with %v, want %q", err, want)
	}
	r.expectServing(t, "1", 3)
}

// A worker that dies while its successor stands by has another one of the release before, and the switch comes all the same.
func TestDeathBeforeSwitch(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE === '1') never = true")
	ended := r.reload(clustertest.Patient(t), switching)
	r.Event(t, "online", 4) // the successor of instance 0 stands by
	if err := r.Worker(1).Kill(9); err != nil {
		t.Fatal(err)
	}
	r.Event(t, "listening", 5)
	r.expectAnswers(t, "1 ")
	if err := r.Worker(4).Send(clustertest.Patient(t), "server.listen(PORT, '127.0.0.1')"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	r.expectServing(t, "2", 2)
}

// expectAnswers expects all answers to begin so.
func (r *reloadRig) expectAnswers(t *testing.T, prefix string) {
	t.Helper()
	for range 6 {
		if got := clustertest.BodyOf(t, r.port); !strings.HasPrefix(got, prefix) {
			t.Errorf("%q answers, want %q", got, prefix)
		}
	}
}

// Workers that share a socket cannot be switched: the pool says so. It does what can be done.
func TestSwitchOfSharedSockets(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct {
		policy cluster.SchedulingPolicy
		before string
		says   string
	}{
		{cluster.SchedNone, "", `under the scheduling policy "none" workers cannot be replaced in one moment`},
		{cluster.SchedRR, "BEFORE=require('dgram').createSocket('udp4').bind(" + strconv.Itoa(clustertest.FreePort(t)) + ", '127.0.0.1')", "workers share 127.0.0.1:"},
	} {
		t.Run(string(c.policy), func(t *testing.T) {
			r := newReloadRigUnder(t, nodetest.Default(t), c.policy, pool.Options{Instances: 2})
			for _, release := range []string{"2", "3"} {
				r.publish(release, c.before)
				options := switching
				if release == "2" {
					options = quick // there is no such socket yet
				}
				if _, err := r.Reload(clustertest.Patient(t), options); err != nil {
					t.Fatal(err)
				}
				r.expectServing(t, release, 2)
			}
			r.Await(t, "an error that says it", func(o clustertest.Occurrence) bool {
				return o.Event == "error" && strings.Contains(o.Err.Error(), c.says)
			})
		})
	}
}

// A release whose event loop stands still once it listens is not taken, though it has no health check. Its clients would wait for ever.
func TestReloadOfWhatStandsStill(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		r := newReloadRigOn(t, node, pool.Options{Instances: 2, KillTimeout: 300 * time.Millisecond})
		before := r.Workers()
		for _, strategy := range []pool.ReloadStrategy{pool.ReloadRolling, pool.ReloadSwitch} {
			r.publish("2", "AFTER=setImmediate(() => { for (;;); })")
			_, err := r.Reload(clustertest.Patient(t), pool.ReloadOptions{Strategy: strategy, Bake: time.Millisecond, ListenTimeout: 1500 * time.Millisecond})
			if want := "did not go on (its event loop stands still) within 1.5s"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the reload ended with %v, want %q", strategy, err, want)
			}
			if after := r.Workers(); !slices.Equal(after, before) {
				t.Errorf("%s: the workers are %v, want %v", strategy, idsOf(after), idsOf(before))
			}
			r.expectServing(t, "1", 2)
		}
	})
}
