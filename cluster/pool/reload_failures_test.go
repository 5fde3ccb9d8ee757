//go:build unix

package pool_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A release that does not work leaves the workers that there are, and the error says what is wrong with it.
func TestReloadOfWhatDoesNotWork(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, reloadWhatDoesNotWork)
}

func reloadWhatDoesNotWork(t *testing.T, node nodetest.Runtime) {
	r := newReloadRigOn(t, node, pool.Options{Instances: 2})
	gone := t.TempDir()
	for _, c := range []struct {
		name    string
		change  func(s *cluster.Settings)
		options pool.ReloadOptions
		want    string
	}{
		{"throws", withVariable("BEFORE=throw new Error('bad')"), quick, "ended with code 1 before it was ready"},
		{"ends", withVariable("BEFORE=process.exit(0)"), quick, "ended with code 0 before it was ready"},
		{"never listens", withVariable("BEFORE=never = true"), pool.ReloadOptions{ListenTimeout: time.Second}, fmt.Sprintf("did not listen on 127.0.0.1:%d within 1s", r.port)},
		{"is never online", func(s *cluster.Settings) { s.ExecPath, s.Exec, s.Args = "/bin/sleep", "", []string{"1000"} },
			pool.ReloadOptions{ListenTimeout: 300 * time.Millisecond}, "did not come online within 300ms"},
		{"is never ready", func(*cluster.Settings) {}, pool.ReloadOptions{ListenTimeout: time.Second, WaitReady: true}, `did not send "ready" within 1s`},
		{"dies as soon as it listens", withVariable("AFTER=setImmediate(() => process.exit(3))"), pool.ReloadOptions{Bake: time.Hour}, "ended with code 3"},
		{"dies soon", withVariable("AFTER=setTimeout(() => process.exit(3), 500)"), pool.ReloadOptions{Bake: time.Hour}, "s after it was started"},
		{"is killed soon", withVariable("AFTER=setImmediate(() => process.kill(process.pid, 'SIGKILL'))"), pool.ReloadOptions{Bake: time.Hour}, "ended with signal SIGKILL"},
		{"leaves soon", withVariable("AFTER=setImmediate(() => require('cluster').worker.disconnect())"), pool.ReloadOptions{Bake: time.Hour}, "ended with code 0"},
		{"cannot listen", withVariable("BEFORE=require('net').createServer().listen(" + strconv.Itoa(clustertest.TakePort(t)) + ", '127.0.0.1')"),
			quick, syscall.EADDRINUSE.Error()},
		{"has no script", func(s *cluster.Settings) { s.Exec = gone + "/gone.js" }, quick, "gone.js) ended with code 1 before it was ready"},
		{"has no program", func(s *cluster.Settings) { s.ExecPath = gone + "/gone" }, quick, syscall.ENOENT.Error()},
		{"has no folder", func(s *cluster.Settings) { s.Cwd = gone + "/gone" }, quick, syscall.ENOENT.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := r.publish("2")
			c.change(&s)
			r.mu.Lock()
			r.now = s
			r.mu.Unlock()
			before := r.Workers()
			report, err := r.Reload(clustertest.Patient(t), c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "pool: reload: ") {
				t.Errorf("the reload ended with %v, want %q", err, c.want)
			}
			if !slices.Equal(report.Kept, []int{0, 1}) || len(report.Replaced) > 0 {
				t.Errorf("the report is %+v", report)
			}
			if after := r.Workers(); !slices.Equal(after, before) {
				t.Errorf("the workers are %v, want %v", idsOf(after), idsOf(before))
			}
			r.expectServing(t, "1", 2)
		})
	}
	r.publish("3")
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Error(err)
	}
	r.expectServing(t, "3", 2)
}

// What cannot be reread fails a reload before anything has happened.
func TestReloadOfWhatCannotBeReread(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 1})
	r.err = errors.New("line 3: use NAME=VALUE")
	if _, err := r.Reload(clustertest.Patient(t), quick); !errors.Is(err, r.err) {
		t.Errorf("the reload ended with %v", err)
	}
	if err := r.Restart(clustertest.Patient(t)); !errors.Is(err, r.err) {
		t.Errorf("the restart ended with %v", err)
	}
	r.expectServing(t, "1", 1)
	if n := r.forks(); n != 1 {
		t.Errorf("%d workers were started, want 1", n)
	}
}

// What the new worker printed last is in the error, where the pool sees it, and goes where it went otherwise too.
func TestReloadOfWhatSaysWhy(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 1})
	r.publish("2", "BEFORE=for (let i = 0; i < 30; i++) console.log('line ' + i); throw new Error('no database')")
	var out clustertest.Output
	r.now.Stdout, r.now.Stderr = &out, &out
	_, err := r.Reload(clustertest.Patient(t), quick)
	var failed *pool.InstanceError
	if !errors.As(err, &failed) || failed.Instance != 0 || len(failed.Output) != 20 {
		t.Fatalf("the reload ended with %v, as %+v", err, failed)
	}
	if output := strings.Join(failed.Output, "\n"); !strings.Contains(output, "Error: no database\n    at ") || !strings.HasSuffix(out.String(), output[strings.LastIndex(output, "\n"):]+"\n") {
		t.Errorf("the error carries %q, and %q was printed", output, out.String())
	}
	if !strings.HasSuffix(err.Error(), " | Error: no database") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %q", err)
	}
	r.publish("3")
	r.now.Stderr = &out
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Error(err)
	}
	r.expectServing(t, "3", 1)
}

// Instances that have been replaced when another fails get workers of the release before.
func TestReloadThatFailsLate(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 3})
	r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE === '2') throw new Error('bad')")
	report, err := r.Reload(clustertest.Patient(t), quick)
	if err == nil || !strings.Contains(err.Error(), "instance 2: ") {
		t.Errorf("the reload ended with %v", err)
	}
	if !slices.Equal(report.Kept, []int{0, 1, 2}) || len(report.Replaced) > 0 {
		t.Errorf("the report is %+v", report)
	}
	r.expectServing(t, "1", 3)
}

// A new worker that fails while others are started ends the reload too, and the worker after it is of the release before.
func TestReloadWhoseNewWorkersDie(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	r.publish("2", "BEFORE=if (NODECLUSTER_INSTANCE === '1') never = true; else process.on('message', () => process.exit(9))")
	ended := make(chan error)
	go func() {
		_, err := r.Reload(clustertest.Patient(t), pool.ReloadOptions{Bake: -1, ListenTimeout: time.Hour})
		ended <- err
	}()
	first := r.awaitRelease(t, "2", 0)
	r.Event(t, "online", first+1)
	if err := r.Worker(first).Send(clustertest.Patient(t), "end"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "instance 0: the new worker has failed") || !strings.Contains(err.Error(), "code 9") {
		t.Errorf("the reload ended with %v", err)
	}
	r.Event(t, "listening", first+2)
	r.expectServing(t, "1", 2)
}

// A reload that is cancelled ends as one that fails.
func TestReloadThatIsCancelled(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 2})
	for name, c := range map[string]struct {
		before string
		event  string
	}{
		"while a worker starts": {"never = true", "online"},
		"while it is watched":   {"", "listening"},
	} {
		t.Run(name, func(t *testing.T) {
			r.publish("2", "BEFORE="+c.before)
			ctx, cancel := context.WithCancel(clustertest.Patient(t))
			next := r.forks() + 1
			ended := r.reload(ctx, pool.ReloadOptions{Bake: time.Hour, ListenTimeout: time.Hour})
			r.Event(t, c.event, next)
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the reload ended with %v, want %v", err, context.Canceled)
			}
			r.Event(t, "exit", next)
			r.expectServing(t, "1", 2)
		})
	}
}

// An instance whose workers fail gets one of the next release that does not.
func TestReloadOfInstancesThatFail(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, pause := range map[string]time.Duration{"in a pause": time.Hour, "given up": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			published := newReleases(t, nodetest.Default(t), clustertest.FreePort(t), "BEFORE=if (RELEASE === '1' && NODECLUSTER_INSTANCE === '1') process.exit(1)")
			r := newRig(t, published.now, pool.Options{Instances: 2, Reread: published.reread, MinPause: pause, MaxRestarts: 1})
			rr := &reloadRig{r, published, 0}
			rr.awaitRelease(t, "1", 0)
			if pause == time.Hour {
				r.Event(t, "exit", 2)
			} else {
				r.Await(t, "the end of the restarts", func(o clustertest.Occurrence) bool {
					return o.Event == "error" && strings.Contains(o.Err.Error(), "not restarted any more")
				})
			}
			published.publish("2")
			report, err := r.Reload(clustertest.Patient(t), quick)
			if err != nil || !slices.Equal(report.Replaced, []int{0, 1}) {
				t.Errorf("the reload gives %+v, %v", report, err)
			}
			rr.awaitRelease(t, "2", 1)
		})
	}
}
