//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// rig is a pool with a journal of its events.
type rig struct {
	*clustertest.Rig
	*pool.Pool
}

func newRig(t testing.TB, settings cluster.Settings, o pool.Options) *rig {
	t.Helper()
	var printed clustertest.Output
	settings.Stdout, settings.Stderr = &printed, &printed
	clustertest.Speaks(&settings)
	p, err := pool.New(settings, o)
	if err != nil {
		t.Fatal(err)
	}
	r := &clustertest.Rig{Journal: clustertest.NewJournal(), T: t, ExpectErrors: true}
	r.Follow(&printed, p)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return &rig{r, p}
}

func (r *rig) done(t *testing.T) error {
	t.Helper()
	select {
	case <-r.Done():
		return r.Err()
	case <-clustertest.Patient(t).Done():
		t.Fatalf("the pool does not end; there was\n%s", clustertest.Lines(r.All()))
		return nil
	}
}

func (r *rig) forks() (n int) {
	for _, o := range r.All() {
		if o.Event == "fork" {
			n++
		}
	}
	return n
}

func TestRestartPolicies(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct {
		name    string
		program string
		policy  pool.RestartPolicy
		forks   int
		err     string
	}{
		{"never, done", clustertest.SaysItListens + "exit 0", pool.RestartNever, 1, ""},
		{"never, failed", clustertest.SaysItListens + "exit 3", pool.RestartNever, 1, "code 3"},
		{"never, killed", clustertest.SaysItListens + "kill -9 $$", pool.RestartNever, 1, "SIGKILL"},
		{"on failure, done", clustertest.SaysItListens + "exit 0", pool.RestartOnFailure, 1, ""},
		{"on failure, failed", clustertest.SaysItListens + "exit 3", pool.RestartOnFailure, 4, "4 times in a row"},
		{"on failure, broken protocol", clustertest.SaysItListens + "echo nonsense >&3; exit 0", pool.RestartOnFailure, 4, "4 times in a row"},
		{"by default, failed", clustertest.SaysItListens + "exit 3", "", 4, "4 times in a row"},
		{"on failure, an exit code that stops", clustertest.SaysItListens + "exit 7", pool.RestartOnFailure, 1, ""},
		{"always, an exit code that stops", clustertest.SaysItListens + "exit 7", pool.RestartAlways, 1, ""},
		{"always, failed", clustertest.SaysItListens + "exit 3", pool.RestartAlways, 4, "4 times in a row"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, clustertest.Shell(c.program), pool.Options{
				Instances: 1, Restart: c.policy, MinPause: time.Millisecond, MaxPause: time.Millisecond, MaxRestarts: 3,
				StopExitCodes: []int{7},
			})
			err := r.done(t)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("the pool ended with %v, want %q", err, c.err)
			}
			r.Event(t, "exit", c.forks)
			if n := r.forks(); n != c.forks {
				t.Errorf("%d workers were started, want %d", n, c.forks)
			}
		})
	}
}

func TestRestartAlways(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, clustertest.Shell("exit 0"), pool.Options{Instances: 2, Restart: pool.RestartAlways, MinPause: time.Millisecond})
	r.Event(t, "exit", 10)
	r.Shutdown(clustertest.Patient(t))
	if err := r.done(t); err != nil {
		t.Errorf("a pool that was shut down ended with %v", err)
	}
	if left := r.Workers(); len(left) > 0 {
		t.Errorf("%d workers are left", len(left))
	}
	after := r.Subscribe(cluster.ForkEvent{})
	awaitRestarts(t, 2) // of another pool, which take longer than one of this pool would
	r.Close()
	if event, err := after.Next(clustertest.Patient(t)); !errors.Is(err, cluster.ErrClosed) {
		t.Errorf("after the shutdown there is %v, %v", event, err)
	}
}

// awaitRestarts waits until a pool has restarted a worker so many times.
func awaitRestarts(t *testing.T, n int) {
	t.Helper()
	r := newRig(t, clustertest.Shell("exit 0"), pool.Options{Instances: 1, Restart: pool.RestartAlways, MinPause: time.Millisecond})
	r.Event(t, "fork", n+1)
}

// The pause before a successor doubles with each failure in a row, up to a limit, and begins anew after a healthy life.
func TestPauses(t *testing.T) {
	nodetest.NoLeaks(t)
	const unit = 20 * time.Millisecond
	pauses := func(o pool.Options, n int) (pauses []time.Duration) {
		p, err := pool.New(clustertest.Shell(clustertest.SaysItListens+"read end <&3; exit 1"), o)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		// An event may be taken long after it happened, and so the pause counts from before the end that leads to it.
		var told time.Time
		for event := range p.Events(clustertest.Patient(t)) {
			switch e := event.(type) {
			case cluster.ListeningEvent:
				told = time.Now()
				if err := e.Worker.Send(clustertest.Patient(t), "end"); err != nil {
					t.Fatal(err)
				}
			case cluster.ForkEvent:
				if !told.IsZero() {
					pauses = append(pauses, time.Since(told))
				}
			}
			if len(pauses) == n {
				return pauses
			}
		}
		t.Fatalf("%d restarts, want %d", len(pauses), n)
		return nil
	}
	growing := pauses(pool.Options{Instances: 1, MinPause: unit, MaxPause: 4 * unit, MaxRestarts: 10}, 5)
	for i, least := range []time.Duration{unit, 2 * unit, 4 * unit, 4 * unit, 4 * unit} {
		if growing[i] < least {
			t.Errorf("pause %d is %v, want %v", i+1, growing[i], least)
		}
	}
	// Each end is the first in a row here, or else the pool would give up.
	pauses(pool.Options{Instances: 1, MinPause: unit, MaxPause: time.Hour, MaxRestarts: 1, Healthy: 1}, 5)
}

// A program that fails before any of its workers has listened is broken, and the reason is told.
func TestPoolGivesUpBrokenProgram(t *testing.T) {
	nodetest.NoLeaks(t)
	broken := newRig(t, clustertest.Shell("exit 1"), pool.Options{Instances: 2, MinPause: time.Hour})
	if err := broken.done(t); err == nil || !strings.Contains(err.Error(), "/bin/sh ended with code 1 before it listened") {
		t.Errorf("the pool ended with %v", err)
	}
	// A shell, because whatever takes long to start fails too late to be broken on a machine that is busy.
	asks := fmt.Sprintf(`echo '{"cmd":"NODE_CLUSTER","act":"queryServer","address":"127.0.0.1","port":%d,"addressType":4,"seq":0}' >&3; `, clustertest.TakePort(t))
	taken := newRig(t, clustertest.Shell(asks+"read answer <&3; exit 1"), pool.Options{Instances: 1})
	if err := taken.done(t); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "/bin/sh") {
		t.Errorf("the pool ended with %v, want %v and the program's name", err, syscall.EADDRINUSE)
	}
}

// A failure in the beginning is nothing to workers that go on, and has a successor.
func TestEarlyFailureOfOne(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, policy := range []pool.RestartPolicy{pool.RestartOnFailure, pool.RestartAlways} {
		t.Run(string(policy), func(t *testing.T) {
			r := newRig(t, clustertest.Shell(`[ $NODE_UNIQUE_ID = 2 ] && exit 1; read end <&3; exit 0`), pool.Options{
				Instances: 3, Restart: policy, MinPause: time.Millisecond,
			})
			r.Event(t, "fork", 4)
			for _, o := range r.All() {
				if o.Event == "exit" && o.Worker != 2 {
					t.Errorf("worker %d ended: %v", o.Worker, o)
				}
			}
			if n := len(r.Workers()); n != 3 {
				t.Errorf("%d workers run, want 3", n)
			}
			r.Shutdown(clustertest.Patient(t))
			if err := r.done(t); err != nil {
				t.Errorf("the pool ended with %v", err)
			}
		})
	}
}

// What a program needs may not be there in the beginning. Where all are always to be restarted, that ends with its coming.
func TestEarlyFailureOfAll(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, clustertest.Shell(`[ $NODE_UNIQUE_ID -lt 9 ] && exit 1; read end <&3`), pool.Options{
		Instances: 2, Restart: pool.RestartAlways, MinPause: time.Millisecond, MaxPause: 2 * time.Millisecond,
	})
	r.Event(t, "fork", 10)
	select {
	case <-r.Done():
		t.Errorf("the pool ended with %v", r.Err())
	default:
	}
	r.Shutdown(clustertest.Patient(t))
}

// To be killed from outside is no failure before a worker listens either.
func TestPoolOutlivesEarlyKills(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, clustertest.Shell("exec sleep 1000"), pool.Options{Instances: 1, MinPause: time.Millisecond, MaxRestarts: -1})
	id := 1
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			continue // by this process, and so by the worker
		}
		r.Event(t, "fork", id)
		if err := r.Worker(id).Kill(s); err != nil {
			t.Fatal(err)
		}
		id++
	}
	r.Event(t, "fork", id)
}

// Workers that are killed from outside have successors, as often as it happens.
func TestPoolOutlivesKills(t *testing.T) {
	nodetest.NoLeaks(t)
	port := clustertest.FreePort(t)
	r := newRig(t, clustertest.Greeters(port), pool.Options{Instances: 1, MinPause: time.Millisecond, MaxRestarts: 1})
	for id := 1; id <= 5; id++ {
		if w := clustertest.WhoServes(t, "tcp", awaitListener(t, r, id, port)); w != id {
			t.Errorf("worker %d serves, want %d", w, id)
		}
		if err := r.Worker(id).Kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	// Nobody may be there at the moment, but this is served.
	if w := clustertest.WhoServes(t, "tcp", clustertest.Local(port)); w < 5 {
		t.Errorf("worker %d serves after its end", w)
	}
}

// awaitListener waits until a worker listens, and gives the address.
func awaitListener(t *testing.T, r *rig, worker, port int) string {
	t.Helper()
	r.Listening(t, worker, port)
	return clustertest.Local(port)
}

// A program that is gone when a successor is due is an error each time, and the end after too many.
func TestPoolWhoseProgramIsGone(t *testing.T) {
	nodetest.NoLeaks(t)
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+clustertest.SaysItListens+"read forever <&3; exit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, cluster.Settings{ExecPath: program, Serialization: nodeipc.JSON}, pool.Options{Instances: 1, MinPause: time.Millisecond, MaxRestarts: 3})
	r.Event(t, "listening", 1)
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	if err := r.Worker(1).Send(clustertest.Patient(t), "end"); err != nil {
		t.Fatal(err)
	}
	if err := r.done(t); err == nil || !strings.Contains(err.Error(), "4 times in a row") {
		t.Errorf("the pool ended with %v", err)
	}
	r.Await(t, "the pool's last error", func(o clustertest.Occurrence) bool { return o.Event == "error" && errors.Is(o.Err, r.Err()) })
	missing := 0
	for _, o := range r.All() {
		if o.Event == "error" && errors.Is(o.Err, os.ErrNotExist) {
			missing++
		}
	}
	if missing != 3 {
		t.Errorf("%d errors tell that the program is not there, want 3", missing)
	}
}
