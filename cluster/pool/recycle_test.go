//go:build linux

package pool_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// awaitSteps waits until a pool has told so many times of a step of what it does by itself, and returns what it told then.
func awaitSteps(t *testing.T, p *pool.Pool, step pool.Step, n int) (told []pool.Progress) {
	t.Helper()
	for s := range p.Progress(clustertest.Patient(t)) {
		if s.Step == step && s.Reason != "" {
			if told = append(told, s); len(told) == n {
				return told
			}
		}
	}
	t.Fatalf("there were %d times %q, want %d: %+v", len(told), step, n, told)
	return nil
}

// expectReasons checks that steps tell of replacements, and why.
func expectReasons(t *testing.T, told []pool.Progress, cause pool.Cause, want string) {
	t.Helper()
	for _, s := range told {
		if s.Change != "replace" || s.Cause != cause || !regexp.MustCompile(want).MatchString(s.Reason) {
			t.Errorf("there is a %q because %q (%s), want a replacement because %q (%s)", s.Change, s.Reason, s.Cause, want, cause)
		}
	}
}

// expectNewFirst checks that each worker that has left had a successor by then, and that one was replaced at a time.
func (r *reloadRig) expectNewFirst(t *testing.T, workers int) {
	t.Helper()
	listening, leaving := 0, 0
	for _, o := range r.All() {
		switch o.Event {
		case "listening":
			listening++
		case "disconnect":
			if leaving++; listening-leaving < workers {
				t.Errorf("worker %d left and %d were there, want %d", o.Worker, listening-leaving, workers)
			}
		}
		if listening-leaving > workers+1 {
			t.Errorf("%d workers are there at worker %d's %s, want no more than one beside %d", listening-leaving, o.Worker, o.Event, workers)
		}
	}
}

// Workers that are old are replaced, new first and one at a time, and not all at the same age.
func TestMaxLifetime(t *testing.T) {
	nodetest.NoLeaks(t)
	const most = 400 * time.Millisecond
	r := newReloadRig(t, pool.Options{Instances: 3, MaxLifetime: most})
	told := awaitSteps(t, r.Pool, pool.Replaced, 6)
	expectReasons(t, told, pool.CauseLifetime, `^it is [0-9.]+m?s old$`)
	for _, s := range told {
		var text string
		if _, err := fmt.Sscanf(s.Reason, "it is %s old", &text); err != nil {
			t.Fatal(err)
		}
		if age, err := time.ParseDuration(text); err != nil || age < most*9/10 {
			t.Errorf("a worker is replaced because %q, want at %v", s.Reason, most*9/10)
		}
	}
	r.expectNewFirst(t, 3)
}

// Workers that have had their connections are replaced.
func TestMaxConnections(t *testing.T) {
	nodetest.NoLeaks(t)
	const most = 8
	r := newReloadRig(t, pool.Options{Instances: 2, MaxConnections: most})
	var told []pool.Progress
	var watching sync.WaitGroup
	steps := r.Progress(clustertest.Patient(t))
	watching.Go(func() {
		for s := range steps {
			if s.Step == pool.Replaced {
				if told = append(told, s); len(told) == 2 {
					return
				}
			}
		}
	})
	for range 2 * (most - 1) { // which rr deals out evenly
		clustertest.BodyOf(t, r.port)
	}
	for _, w := range r.Workers() {
		if n := w.Accepted(); n != most-1 {
			t.Errorf("worker %d has had %d connections, want %d", w.ID(), n, most-1)
		}
	}
	for range 2 {
		clustertest.BodyOf(t, r.port)
	}
	watching.Wait()
	expectReasons(t, told, pool.CauseConnections, fmt.Sprintf("^it has had %d connections$", most))
	r.expectNewFirst(t, 2)
	if n := r.forks(); n != 4 {
		t.Errorf("%d workers were started, want 4", n)
	}
}

// A policy under which nobody counts connections is refused with one under which the primary does.
func TestMaxConnectionsByPolicy(t *testing.T) {
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		settings := clustertest.Shell("exit 0")
		settings.SchedulingPolicy = policy
		p, err := pool.New(settings, pool.Options{MaxConnections: 1})
		if err == nil {
			p.Close()
		}
		if counts := policy == cluster.SchedRR || policy == cluster.SchedLeast; counts != (err == nil) {
			t.Errorf("the pool is made with the error %v", err)
		} else if err != nil && !strings.HasSuffix(err.Error(), `use "rr" or "least"`) {
			t.Errorf("the error is %q", err)
		}
	})
}

// A worker that uses too much memory for three readings is replaced, and no other. It takes the time of these readings.
func TestMaxMemory(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2, MaxMemory: 256 << 20})
	w := r.Worker(r.awaitRelease(t, "1", 1))
	begun := time.Now()
	if err := w.Send(clustertest.Patient(t), "globalThis.kept = Buffer.alloc(256 << 20, 1)"); err != nil {
		t.Fatal(err)
	}
	told := awaitSteps(t, r.Pool, pool.Replaced, 1)
	expectReasons(t, told, pool.CauseMemory, `^it uses [0-9]{3} MiB of memory$`)
	if took := time.Since(begun); took < 2*time.Second {
		t.Errorf("the worker was replaced after %v, and not after three readings a second apart", took)
	}
	if told[0].Instance != 1 {
		t.Errorf("instance %d was replaced, want 1", told[0].Instance)
	}
	<-w.Exited()
	r.expectNewFirst(t, 2)
	r.expectServing(t, "1", 2)
}

// A replacement that fails is told once, tried again later and later, and leaves the worker where it was. It takes the time of two pauses.
func TestReplacementsThatFail(t *testing.T) {
	nodetest.NoLeaks(t)
	port := clustertest.FreePort(t)
	bad := filepath.Join(t.TempDir(), "bad")
	r := newRig(t, newReleases(t, nodetest.Default(t), port, "BAD="+bad, "BEFORE=if (require('fs').existsSync(process.env.BAD)) process.exit(3)").now,
		pool.Options{Instances: 1, MaxLifetime: 300 * time.Millisecond})
	steps := r.Progress(clustertest.Patient(t))
	r.Event(t, "listening", 1)
	if err := os.WriteFile(bad, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var begun []time.Time
	for s := range steps {
		switch {
		case s.Step == pool.Begun:
			begun = append(begun, time.Now())
		case s.Step == pool.Failed && len(begun) == 2:
			if err := os.Remove(bad); err != nil {
				t.Fatal(err)
			}
		}
		if s.Step == pool.Replaced {
			break
		}
	}
	if len(begun) != 3 || begun[1].Sub(begun[0]) < time.Second || begun[2].Sub(begun[1]) < 2*time.Second {
		t.Errorf("it was tried at %v, want three times, one second and two apart", begun)
	}
	var errors []string
	for _, o := range r.All() {
		if o.Event == "error" {
			errors = append(errors, o.Err.Error())
		}
	}
	if len(errors) != 1 || !strings.Contains(errors[0], "ended with code 3") || !strings.Contains(errors[0], "; worker 1 goes on, though it is ") {
		t.Errorf("the errors are %q", errors)
	}
}

// Under clients that open a connection for each request workers are replaced again and again, more often than 20 times a minute, and every
// client is answered. It takes the time of some replacements.
func TestLoadWithReplacements(t *testing.T) {
	t.Run("rr by connections", func(t *testing.T) {
		loadWithReplacements(t, cluster.SchedRR, pool.Options{MaxConnections: 100})
	})
	t.Run("least by age", func(t *testing.T) {
		loadWithReplacements(t, cluster.SchedLeast, pool.Options{MaxLifetime: time.Second})
	})
}

func loadWithReplacements(t *testing.T, policy cluster.SchedulingPolicy, o pool.Options) {
	nodetest.NoLeaks(t)
	port := clustertest.FreePort(t)
	settings := newReleases(t, nodetest.Default(t), port).now
	settings.SchedulingPolicy = policy
	const workers, replacements = 4, 5
	o.Instances = workers
	r := newRig(t, settings, o)
	for i := range workers {
		r.Listening(t, i+1, port)
	}
	steps := r.Progress(clustertest.Patient(t))
	load := clustertest.StartLoadOf(port, 2*clustertest.LoadClients)
	t.Cleanup(load.Stop)
	begun, replaced := time.Now(), 0
	for s := range steps {
		if s.Step == pool.Failed {
			t.Errorf("a replacement failed: %v", s.Err)
		}
		if s.Step == pool.Replaced {
			if replaced++; replaced == replacements {
				break
			}
		}
	}
	took := time.Since(begun)
	load.Stop()
	t.Logf("%d replacements in %v, %d connections, %d failures", replaced, took, load.Connections(), len(load.Failures))
	for _, f := range load.Failures {
		t.Errorf("a client failed after %v with: %v", f.Ended.Sub(f.Began), f.Err)
	}
	if rate := float64(replaced) / took.Minutes(); rate < 20 {
		t.Errorf("%.0f workers were replaced in a minute, want 20", rate)
	}
}
