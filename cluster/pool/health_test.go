//go:build linux

package pool_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// healthBefore is what has a program be healthy as it is told. globalThis.sick is the status that it answers health checks with; 100 is none.
const healthBefore = `
	require('http').Server.prototype.emit = (emit => function (event, request, response) {
		if (event !== 'request' || request.url !== '/healthz') return emit.apply(this, arguments);
		if (globalThis.onCheck) globalThis.onCheck();
		response.statusCode = globalThis.sick || 200;
		if (globalThis.sick !== 100) response.end();
	})(require('http').Server.prototype.emit);`

// healthz is a check that is made often, and counts at once.
func healthz() *pool.Probe {
	return &pool.Probe{HTTPGet: &pool.HTTPGet{Path: "/healthz"}, Period: 20 * time.Millisecond, Timeout: clustertest.Patience, FailureThreshold: 1}
}

// healthRig is a pool of workers whose health can be changed, and its steps.
type healthRig struct {
	*reloadRig
	steps <-chan pool.Progress
}

// newHealthRig makes a pool whose workers run code first.
func newHealthRig(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy, o pool.Options, before string) *healthRig {
	t.Helper()
	port := clustertest.FreePort(t)
	published := newReleases(t, node, port)
	published.base.SchedulingPolicy = policy
	settings := published.publish("1", "BEFORE="+healthBefore+before)
	o.Reread, o.MinPause = published.reread, time.Millisecond
	r := &reloadRig{newRig(t, settings, o), published, port}
	steps := make(chan pool.Progress, 1000)
	all := r.Progress(clustertest.Patient(t))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for step := range all {
			steps <- step
		}
	}()
	t.Cleanup(func() { r.Shutdown(t.Context()); r.Close(); <-done })
	return &healthRig{r, steps}
}

// await waits for a step of an instance, or of any if that is -1.
func (r *healthRig) await(t *testing.T, change string, step pool.Step, instance int) pool.Progress {
	t.Helper()
	for {
		p := nodetest.Receive(t, r.steps, fmt.Sprintf("%s %s of instance %d", change, step, instance))
		if p.Change == change && p.Step == step && (p.Instance == instance || instance == -1) {
			return p
		}
	}
}

// awaitResumed waits until all instances get connections for what they have passed.
func (r *healthRig) awaitResumed(t *testing.T, passed string, instances int) {
	t.Helper()
	ready := map[int]bool{}
	for len(ready) < instances {
		ready[r.await(t, passed, pool.Resumed, -1).Instance] = true
	}
}

// worker is that of an instance, which has to be the one worker of a release there.
func (r *healthRig) worker(t *testing.T, release string, instance int) *cluster.Worker {
	t.Helper()
	return r.Worker(r.awaitRelease(t, release, instance))
}

func evaluate(t *testing.T, w *cluster.Worker, code string) {
	t.Helper()
	if err := w.Send(clustertest.Patient(t), code); err != nil {
		t.Fatal(err)
	}
}

func expectReady(t *testing.T, r *healthRig, want bool) {
	t.Helper()
	if got := r.Pool.Ready(); got != want {
		t.Errorf("the pool is ready: %v, want %v", got, want)
	}
}

// awaitPoolReady waits until the pool has heard that a worker listens.
func awaitPoolReady(t *testing.T, r *healthRig) {
	t.Helper()
	if !clustertest.Eventually(r.Pool.Ready) {
		t.Fatal("the pool is not ready though its workers listen")
	}
}

// A worker gets connections while its readiness says so, and the pool is ready while one worker does.
func TestReadiness(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort} {
			t.Run(string(policy), func(t *testing.T) { readiness(t, node, policy) })
		}
	})
}

func readiness(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy) {
	r := newHealthRig(t, node, policy, pool.Options{Instances: 2, Readiness: healthz()}, "globalThis.sick = 503;")
	zero, one := r.worker(t, "1", 0), r.worker(t, "1", 1)
	expectReady(t, r, false)
	answer := make(chan string, 1)
	go func() { answer <- clustertest.BodyOf(t, r.port) }()
	evaluate(t, one, "globalThis.sick = 0")
	if p := r.await(t, "readiness", pool.Resumed, 1); p.Worker != one || p.Reason != "GET /healthz" {
		t.Errorf("the first worker to be ready is told as %+v", p)
	}
	expectReady(t, r, true)
	if got := nodetest.Receive(t, answer, "the answer to what was sent before"); got != "1 1" {
		t.Errorf("%q answers, want the worker that is ready", got)
	}
	evaluate(t, zero, "globalThis.sick = 204")
	r.await(t, "readiness", pool.Resumed, 0)
	evaluate(t, one, "globalThis.sick = 500")
	if p := r.await(t, "readiness", pool.Suspended, 1); p.Worker != one || p.Reason != "GET /healthz: status 500" {
		t.Errorf("a worker that is not ready any more is told as %+v", p)
	}
	for range 10 {
		if got := clustertest.BodyOf(t, r.port); got != "1 0" {
			t.Errorf("%q answers, want the worker that is ready", got)
		}
	}
	expectReady(t, r, true)
	// A successor is not ready at first either.
	r.Signal(zero, syscall.SIGKILL)
	r.Event(t, "exit", zero.ID())
	evaluate(t, one, "globalThis.sick = 0")
	r.await(t, "readiness", pool.Resumed, 1)
	if got := clustertest.BodyOf(t, r.port); got != "1 1" {
		t.Errorf("%q answers, want the worker that is ready", got)
	}
}

// A worker that is not alive is replaced, new first. While that fails it goes on, which is told once.
func TestLiveness(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, liveness)
}

func liveness(t *testing.T, node nodetest.Runtime) {
	flag := filepath.Join(t.TempDir(), "broken")
	before := fmt.Sprintf("if (require('fs').existsSync(%q)) globalThis.sick = 500;", flag)
	o := pool.Options{Instances: 2, Liveness: healthz(), Reload: pool.ReloadOptions{ListenTimeout: 2 * time.Second}}
	r := newHealthRig(t, node, cluster.SchedRR, o, before)
	sick := r.worker(t, "1", 1)
	awaitPoolReady(t, r)
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	evaluate(t, sick, "globalThis.sick = 503")
	if p := r.await(t, "replace", pool.Begun, 1); p.Cause != pool.CauseLiveness || p.Reason != "liveness: GET /healthz: status 503" {
		t.Errorf("the reason for a replacement is %q (%s)", p.Reason, p.Cause)
	}
	if p := r.await(t, "replace", pool.Failed, 1); p.Err == nil || !strings.Contains(p.Err.Error(), "did not pass its health check (GET /healthz: status 500) within 2s") {
		t.Errorf("the replacement has failed with %v", p.Err)
	}
	if err := os.Remove(flag); err != nil {
		t.Fatal(err)
	}
	r.await(t, "replace", pool.Ended, 1) // which is tried again
	r.Event(t, "exit", sick.ID())
	told := 0
	for _, o := range r.All() {
		if o.Event == "error" && strings.Contains(fmt.Sprint(o.Err), fmt.Sprintf("worker %d goes on: liveness", sick.ID())) {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the failure is told %d times, want once", told)
	}
	r.expectServing(t, "1", 2)
}

// A worker that is slow to start is not replaced for it, and gets no connections. From its start on its liveness counts.
func TestStartup(t *testing.T) {
	nodetest.NoLeaks(t)
	const slow = "globalThis.sick = 503; let checks = 0; globalThis.onCheck = () => { if (++checks === 10) process.send('slow'); };"
	begin := func(t *testing.T, node nodetest.Runtime, o pool.Options) (*healthRig, *cluster.Worker) {
		flag := filepath.Join(t.TempDir(), "slow")
		if err := os.WriteFile(flag, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		o.Instances, o.Liveness, o.Reload.ListenTimeout = 1, healthz(), clustertest.Patience
		r := newHealthRig(t, node, cluster.SchedRR, o, fmt.Sprintf("if (require('fs').existsSync(%q)) { %s }", flag, slow))
		w := r.worker(t, "1", 0)
		if err := os.Remove(flag); err != nil { // which later workers see
			t.Fatal(err)
		}
		return r, w
	}
	startup := func(failures int) *pool.Probe {
		p := healthz()
		p.FailureThreshold = failures
		return p
	}
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for want, o := range map[string]pool.Options{"startup": {}, "readiness": {Readiness: healthz()}} {
			t.Run(want, func(t *testing.T) {
				o.Startup = startup(1 << 30)
				r, w := begin(t, node, o)
				r.Await(t, "many checks", func(o clustertest.Occurrence) bool { return o.Event == "message" && string(o.Message) == `"slow"` })
				expectReady(t, r, false)
				evaluate(t, w, "globalThis.sick = 0")
				if p := nodetest.Receive(t, r.steps, "a step"); p.Step != pool.Resumed || p.Change != want {
					t.Errorf("the first step is %+v, want the worker to get connections for its %s", p, want)
				}
				expectReady(t, r, true)
				evaluate(t, w, "globalThis.sick = 500")
				if p := r.await(t, "replace", pool.Begun, 0); p.Cause != pool.CauseLiveness || p.Reason != "liveness: GET /healthz: status 500" {
					t.Errorf("the reason for a replacement is %q (%s)", p.Reason, p.Cause)
				}
				r.await(t, "replace", pool.Ended, 0)
				r.Event(t, "exit", w.ID())
				r.expectServing(t, "1", 1)
			})
		}
		t.Run("too slow", func(t *testing.T) {
			r, w := begin(t, node, pool.Options{Startup: startup(3)})
			if p := r.await(t, "replace", pool.Begun, 0); p.Cause != pool.CauseStartup || p.Reason != "startup: GET /healthz: status 503" {
				t.Errorf("the reason for a replacement is %q (%s)", p.Reason, p.Cause)
			}
			r.await(t, "replace", pool.Ended, 0)
			r.Event(t, "exit", w.ID())
			r.expectServing(t, "1", 1)
		})
	})
}

// A release whose health check fails is not taken, and the error says how it has answered.
func TestReloadOfWhatIsNotHealthy(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, reloadOfWhatIsNotHealthy)
}

func reloadOfWhatIsNotHealthy(t *testing.T, node nodetest.Runtime) {
	const soon = 3 * time.Second
	for name, c := range map[string]struct {
		options pool.Options
		reload  pool.ReloadOptions
		before  string
		want    string
	}{
		"never ready": {
			pool.Options{Readiness: healthz()}, pool.ReloadOptions{ListenTimeout: soon}, "globalThis.sick = 418;",
			"did not pass its health check (GET /healthz: status 418) within 3s",
		},
		"ready, and then says so": {
			pool.Options{Readiness: healthz()}, pool.ReloadOptions{ListenTimeout: soon, WaitReady: true},
			"globalThis.sick = 418; setTimeout(() => process.send('ready'), 1);",
			"did not pass its health check (GET /healthz: status 418) within 3s",
		},
		"not alive": {
			pool.Options{Liveness: healthz()}, pool.ReloadOptions{ListenTimeout: soon}, "globalThis.sick = 500;",
			"did not pass its health check (GET /healthz: status 500) within 3s",
		},
		"ready and not alive": {
			pool.Options{Readiness: &pool.Probe{TCPSocket: true}, Liveness: healthz()}, pool.ReloadOptions{ListenTimeout: soon, Bake: time.Hour},
			"globalThis.sick = 500;", "health check",
		},
		"never started": {
			pool.Options{Startup: healthz()}, pool.ReloadOptions{ListenTimeout: clustertest.Patience}, "globalThis.sick = 503;",
			"did not pass its startup check (GET /healthz: status 503)",
		},
		"sick soon": {
			pool.Options{Readiness: healthz()}, pool.ReloadOptions{Bake: time.Hour}, "process.on('message', () => {}); globalThis.sick = 0; setTimeout(() => globalThis.sick = 500, 1000);",
			"does not pass its health check any more (GET /healthz: status 500)",
		},
		"does not answer": {
			pool.Options{Readiness: &pool.Probe{HTTPGet: &pool.HTTPGet{Path: "/healthz"}, Timeout: 100 * time.Millisecond}},
			pool.ReloadOptions{ListenTimeout: soon}, "globalThis.sick = 100;",
			"did not pass its health check (GET /healthz: no answer within 100ms) within 3s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.options.Instances = 2
			r := newHealthRig(t, node, cluster.SchedRR, c.options, "")
			r.worker(t, "1", 0)
			r.worker(t, "1", 1)
			if c.options.Readiness != nil {
				r.awaitResumed(t, "readiness", 2)
			}
			if c.options.Startup != nil {
				r.awaitResumed(t, "startup", 2)
			}
			load := clustertest.StartLoadOf(r.port, 2)
			t.Cleanup(load.Stop)
			r.publish("2", "BEFORE="+healthBefore+c.before)
			before := r.Workers()
			_, err := r.Reload(clustertest.Patient(t), c.reload)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the reload ended with %v, want %q", err, c.want)
			}
			if after := r.Workers(); !slices.Equal(after, before) {
				t.Errorf("the workers are %v, want %v", idsOf(after), idsOf(before))
			}
			load.Stop()
			for _, f := range load.Failures {
				t.Errorf("a client failed with %v", f.Err)
			}
			r.expectServing(t, "1", 2)
		})
	}
}

// A check may be a command, which knows the worker, or a connection, to a server of the worker's that is not the first.
func TestProbesOfOtherKinds(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, probesOfOtherKinds)
}

func probesOfOtherKinds(t *testing.T, node nodetest.Runtime) {
	folder := t.TempDir()
	script := fmt.Sprintf(`test -e %s/$NODECLUSTER_INSTANCE && kill -0 $NODECLUSTER_PID`, folder)
	command := &pool.Probe{Exec: []string{"/bin/sh", "-c", script}, Period: 20 * time.Millisecond, FailureThreshold: 1}
	port := clustertest.FreePort(t)
	second := fmt.Sprintf("globalThis.later = () => require('net').createServer().listen(%d, '127.0.0.1');", port)
	t.Run("a command", func(t *testing.T) {
		r := newHealthRig(t, node, cluster.SchedRR, pool.Options{Instances: 2, Readiness: command}, "")
		if err := os.WriteFile(filepath.Join(folder, "1"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		r.await(t, "readiness", pool.Resumed, 1)
		r.worker(t, "1", 1)
		if got := clustertest.BodyOf(t, r.port); got != "1 1" {
			t.Errorf("%q answers, want the worker that is ready", got)
		}
	})
	t.Run("a connection to the second server", func(t *testing.T) {
		o := pool.Options{Instances: 1, Readiness: &pool.Probe{TCPSocket: true, Port: port}}
		r := newHealthRig(t, node, cluster.SchedRR, o, second)
		w := r.worker(t, "1", 0)
		expectReady(t, r, false)
		evaluate(t, w, "later()")
		r.await(t, "readiness", pool.Resumed, 0)
		expectReady(t, r, true)
	})
}

// What cannot be is told once, and workers are taken for healthy.
func TestReadinessThatCannotBe(t *testing.T) {
	nodetest.NoLeaks(t)
	expectTold := func(t *testing.T, r *healthRig, want string) {
		t.Helper()
		var told []string
		for _, o := range r.All() {
			if o.Event == "error" {
				told = append(told, fmt.Sprint(o.Err))
			}
		}
		if len(told) != 1 || !strings.Contains(told[0], want) {
			t.Errorf("there are the errors %q, want one with %q", told, want)
		}
	}
	t.Run("none", func(t *testing.T) {
		r := newHealthRig(t, nodetest.Default(t), cluster.SchedNone, pool.Options{Instances: 2, Readiness: healthz()}, "globalThis.sick = 503;")
		one := r.worker(t, "1", 1)
		r.worker(t, "1", 0)
		expectReady(t, r, false)
		clustertest.BodyOf(t, r.port) // from a worker that is not ready
		evaluate(t, one, "globalThis.sick = 0")
		r.await(t, "readiness", pool.Resumed, 1)
		expectReady(t, r, true)
		expectTold(t, r, "pool: readiness does not keep clients from workers: cluster: suspend the connections of worker")
	})
	nodetest.DenoAndBun(t, func(t *testing.T, other nodetest.Runtime) {
		settings := clustertest.AgentSettings(t, other)
		settings.SchedulingPolicy = cluster.SchedNone
		r := newRig(t, settings, pool.Options{Instances: 2, Liveness: healthz()})
		for w := range 2 {
			clustertest.AwaitReady(t, r.Journal, w+1)
			r.Rig.Keep(r.Worker(w + 1))
			clustertest.Listen(t, r.Rig, w+1, map[string]any{"port": 0, "host": "127.0.0.1"})
		}
		r.Await(t, "the error", func(o clustertest.Occurrence) bool { return o.Event == "error" })
		r.Shutdown(t.Context())
		expectTold(t, &healthRig{reloadRig: &reloadRig{rig: r}}, "pool: liveness is not checked of such workers: cluster: dial worker")
	})
}

// A worker that does not move gets no connections until it does, and is replaced where that is asked for.
func TestMaxLag(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, workersThatBlock)
}

func workersThatBlock(t *testing.T, node nodetest.Runtime) {
	const maxLag = 300 * time.Millisecond
	block := func(d time.Duration) string {
		return fmt.Sprintf("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, %d)", d.Milliseconds())
	}
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedLeast, cluster.SchedReusePort} {
		t.Run(string(policy), func(t *testing.T) {
			r := newHealthRig(t, node, policy, pool.Options{Instances: 2, MaxLag: maxLag}, "")
			r.worker(t, "1", 0)
			one := r.worker(t, "1", 1)
			evaluate(t, one, block(4*maxLag))
			if p := r.await(t, "lag", pool.Suspended, 1); p.Worker != one || !strings.HasPrefix(p.Reason, "it has not moved for ") {
				t.Errorf("a worker that is blocked is told as %+v", p)
			}
			if got := clustertest.BodyOf(t, r.port); got != "1 0" {
				t.Errorf("%q answers, want the worker that moves", got)
			}
			r.await(t, "lag", pool.Resumed, 1)
			r.Shutdown(t.Context())
			if n := r.forks(); n != 2 {
				t.Errorf("%d workers were started, want 2", n)
			}
		})
	}
	t.Run("replaced", func(t *testing.T) {
		o := pool.Options{Instances: 2, MaxLag: maxLag, ReplaceBlocked: true, KillTimeout: time.Second}
		r := newHealthRig(t, node, cluster.SchedRR, o, "")
		r.worker(t, "1", 0)
		one := r.worker(t, "1", 1)
		evaluate(t, one, "for (;;);")
		r.await(t, "lag", pool.Suspended, 1)
		if p := r.await(t, "replace", pool.Begun, 1); p.Cause != pool.CauseLag || !strings.HasPrefix(p.Reason, "it has not moved for ") {
			t.Errorf("the reason for a replacement is %q (%s)", p.Reason, p.Cause)
		}
		r.await(t, "replace", pool.Ended, 1)
		r.Event(t, "exit", one.ID())
		r.expectServing(t, "1", 2)
	})
}

// A lame duck serves, and is not ready. A second call of Shutdown, the end of its context and Close end that.
func TestLameDuck(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, end := range map[string]func(r *healthRig, cancel context.CancelFunc){
		"a second call": func(r *healthRig, _ context.CancelFunc) { r.Shutdown(context.Background()) },
		"its context":   func(_ *healthRig, cancel context.CancelFunc) { cancel() },
		"Close":         func(r *healthRig, _ context.CancelFunc) { r.Pool.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			r := newHealthRig(t, nodetest.Default(t), cluster.SchedRR, pool.Options{Instances: 1, LameDuck: time.Hour}, "")
			first := r.worker(t, "1", 0)
			awaitPoolReady(t, r)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			down := make(chan struct{})
			go func() { r.Shutdown(ctx); close(down) }()
			r.await(t, "shutdown", pool.Begun, -1)
			expectReady(t, r, false)
			clustertest.BodyOf(t, r.port)
			r.Signal(first, syscall.SIGKILL) // which has a successor still
			r.Event(t, "listening", first.ID()+1)
			clustertest.BodyOf(t, r.port)
			end(r, cancel)
			nodetest.Receive(t, down, "the end")
			clustertest.ExpectRefusal(t, r.port)
			expectReady(t, r, false)
		})
	}
	t.Run("its time", func(t *testing.T) {
		const lameDuck = 200 * time.Millisecond
		r := newHealthRig(t, nodetest.Default(t), cluster.SchedRR, pool.Options{Instances: 1, LameDuck: lameDuck, KillTimeout: time.Second}, "")
		r.worker(t, "1", 0)
		begun := time.Now()
		r.Shutdown(t.Context())
		if took := time.Since(begun); took < lameDuck {
			t.Errorf("the pool is shut down after %v, want %v at least", took, lameDuck)
		}
	})
}
