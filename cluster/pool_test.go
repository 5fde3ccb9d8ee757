//go:build unix

package cluster_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// poolRig is a pool of ours with a journal of its events.
type poolRig struct {
	*clustertest.Rig
	pool *cluster.Pool
}

func newPoolRig(t testing.TB, settings cluster.Settings, keep cluster.PoolSettings) *poolRig {
	t.Helper()
	var printed clustertest.Output
	settings.Stdout, settings.Stderr = &printed, &printed
	clustertest.Speaks(&settings)
	pool, err := cluster.NewPool(settings, keep)
	if err != nil {
		t.Fatal(err)
	}
	r := &clustertest.Rig{Journal: clustertest.NewJournal(), Primary: pool.Primary, T: t, ExpectErrors: true}
	r.Follow(&printed, pool)
	if err := pool.Start(); err != nil {
		t.Fatal(err)
	}
	return &poolRig{r, pool}
}

// saysItListens is what a shell tells its primary by way of the channel.
const saysItListens = `echo '{"cmd":"NODE_CLUSTER","act":"listening","address":null,"port":1,"addressType":4,"seq":0}' >&3; `

// shell is a worker that is a few words of shell.
func shell(words string) cluster.Settings {
	return cluster.Settings{ExecPath: "/bin/sh", Args: []string{"-c", words}, Serialization: nodeipc.JSON}
}

// greeters are workers in Go that listen on a port.
func greeters(port int) cluster.Settings {
	return cluster.Settings{
		ExecPath: os.Args[0], Env: append(clustertest.AsProgram("greeter"), fmt.Sprintf("LISTEN=127.0.0.1:%d", port)), SchedulingPolicy: cluster.SchedRR,
	}
}

func (r *poolRig) done(t *testing.T) error {
	t.Helper()
	select {
	case <-r.pool.Done():
		return r.pool.Err()
	case <-clustertest.Patient(t).Done():
		t.Fatalf("the pool does not end; there was\n%s", clustertest.Lines(r.All()))
		return nil
	}
}

func (r *poolRig) forks() (n int) {
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
		policy  cluster.RestartPolicy
		forks   int
		err     string
	}{
		{"never, done", saysItListens + "exit 0", cluster.RestartNever, 1, ""},
		{"never, failed", saysItListens + "exit 3", cluster.RestartNever, 1, "code 3"},
		{"never, killed", saysItListens + "kill -9 $$", cluster.RestartNever, 1, "SIGKILL"},
		{"on failure, done", saysItListens + "exit 0", cluster.RestartOnFailure, 1, ""},
		{"on failure, failed", saysItListens + "exit 3", cluster.RestartOnFailure, 4, "4 times in a row"},
		{"on failure, broken protocol", saysItListens + "echo nonsense >&3; exit 0", cluster.RestartOnFailure, 4, "4 times in a row"},
		{"by default, failed", saysItListens + "exit 3", "", 4, "4 times in a row"},
		{"always, failed", saysItListens + "exit 3", cluster.RestartAlways, 4, "4 times in a row"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newPoolRig(t, shell(c.program), cluster.PoolSettings{
				Instances: 1, Restart: c.policy, MinPause: time.Millisecond, MaxPause: time.Millisecond, MaxRestarts: 3,
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
	r := newPoolRig(t, shell("exit 0"), cluster.PoolSettings{Instances: 2, Restart: cluster.RestartAlways, MinPause: time.Millisecond})
	r.Event(t, "exit", 10)
	r.pool.Shutdown(clustertest.Patient(t))
	if err := r.done(t); err != nil {
		t.Errorf("a pool that was shut down ended with %v", err)
	}
	expectWorkers(t, r.Rig)
	// The numbers of those that are started by hand tell, as the journal may not have all forks yet.
	first := r.startByHand(t)
	r.Event(t, "exit", first)
	if second := r.startByHand(t); second != first+1 {
		t.Errorf("%d workers are started after the shutdown", second-first-1)
	}
}

func (r *poolRig) startByHand(t *testing.T) (id int) {
	t.Helper()
	w, err := r.Fork()
	if err != nil {
		t.Fatal(err)
	}
	return w.ID()
}

// The pause before a successor doubles with each failure in a row, up to a limit, and begins anew after a healthy life.
func TestPauses(t *testing.T) {
	nodetest.NoLeaks(t)
	const unit = 20 * time.Millisecond
	pauses := func(keep cluster.PoolSettings, n int) (pauses []time.Duration) {
		pool, err := cluster.NewPool(shell(saysItListens+"read end <&3; exit 1"), keep)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if err := pool.Start(); err != nil {
			t.Fatal(err)
		}
		// An event may be taken long after it happened, and so the pause counts from before the end that leads to it.
		var told time.Time
		for event := range pool.Events(clustertest.Patient(t)) {
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
	growing := pauses(cluster.PoolSettings{Instances: 1, MinPause: unit, MaxPause: 4 * unit, MaxRestarts: 10}, 5)
	for i, least := range []time.Duration{unit, 2 * unit, 4 * unit, 4 * unit, 4 * unit} {
		if growing[i] < least {
			t.Errorf("pause %d is %v, want %v", i+1, growing[i], least)
		}
	}
	// Each end is the first in a row here, or else the pool would give up.
	pauses(cluster.PoolSettings{Instances: 1, MinPause: unit, MaxPause: time.Hour, MaxRestarts: 1, Healthy: 1}, 5)
}

// A program that fails before any of its workers has listened is broken, and the reason is told.
func TestPoolGivesUpBrokenProgram(t *testing.T) {
	nodetest.NoLeaks(t)
	broken := newPoolRig(t, shell("exit 1"), cluster.PoolSettings{Instances: 2, MinPause: time.Hour})
	if err := broken.done(t); err == nil || !strings.Contains(err.Error(), "/bin/sh ended with code 1 before it listened") {
		t.Errorf("the pool ended with %v", err)
	}
	// A shell, because whatever takes long to start fails too late to be broken on a machine that is busy.
	asks := fmt.Sprintf(`echo '{"cmd":"NODE_CLUSTER","act":"queryServer","address":"127.0.0.1","port":%d,"addressType":4,"seq":0}' >&3; `, clustertest.TakePort(t))
	taken := newPoolRig(t, shell(asks+"read answer <&3; exit 1"), cluster.PoolSettings{Instances: 1})
	if err := taken.done(t); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "/bin/sh") {
		t.Errorf("the pool ended with %v, want %v and the program's name", err, syscall.EADDRINUSE)
	}
}

// Workers that are killed from outside have successors, as often as it happens.
func TestPoolOutlivesKills(t *testing.T) {
	nodetest.NoLeaks(t)
	port := clustertest.FreePort(t)
	r := newPoolRig(t, greeters(port), cluster.PoolSettings{Instances: 1, MinPause: time.Millisecond, MaxRestarts: 1})
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
func awaitListener(t *testing.T, r *poolRig, worker, port int) string {
	t.Helper()
	r.Listening(t, worker, port)
	return clustertest.Local(port)
}

// A program that is gone when a successor is due is an error each time, and the end after too many.
func TestPoolWhoseProgramIsGone(t *testing.T) {
	nodetest.NoLeaks(t)
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+saysItListens+"read forever <&3; exit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := newPoolRig(t, cluster.Settings{ExecPath: program, Serialization: nodeipc.JSON}, cluster.PoolSettings{Instances: 1, MinPause: time.Millisecond, MaxRestarts: 3})
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
	r.Await(t, "the pool's last error", func(o clustertest.Occurrence) bool { return o.Event == "error" && errors.Is(o.Err, r.pool.Err()) })
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

func TestPoolSettingsThatMakeNoSense(t *testing.T) {
	nodetest.NoLeaks(t)
	for want, keep := range map[string]cluster.PoolSettings{
		`"sometimes"`: {Restart: "sometimes"},
		"-1 workers":  {Instances: -1},
	} {
		if _, err := cluster.NewPool(shell("exit 0"), keep); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s in it", keep, err, want)
		}
	}
	pool, err := cluster.NewPool(cluster.Settings{ExecPath: "/bin/missing"}, cluster.PoolSettings{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pool.Start(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start of a missing program: %v, want %v", err, os.ErrNotExist)
	}
}
