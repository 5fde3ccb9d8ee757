//go:build unix

package pool_test

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func newPool(t *testing.T, settings cluster.Settings, o pool.Options) *pool.Pool {
	t.Helper()
	p, err := pool.New(settings, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// expectEnded checks that a pool has ended without an error.
func expectEnded(t *testing.T, p *pool.Pool) {
	t.Helper()
	select {
	case <-p.Done():
	case <-clustertest.Patient(t).Done():
		t.Fatal("the pool does not end")
	}
	if err := p.Err(); err != nil {
		t.Errorf("the pool ended with %v", err)
	}
}

// expectNoForks checks that a pool which was closed has started no worker.
func expectNoForks(t *testing.T, p *pool.Pool) {
	t.Helper()
	for event := range p.Events(clustertest.Patient(t)) {
		if _, ok := event.(cluster.ForkEvent); ok {
			t.Error("a worker was started")
		}
	}
}

// A pool that has ended cannot be started, and who waits for its end goes on, also if it never ran.
func TestStartAfterTheEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, end := range map[string]func(*pool.Pool){
		"Shutdown": func(p *pool.Pool) { p.Shutdown(clustertest.Patient(t)) },
		"Close":    func(p *pool.Pool) { p.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			p := newPool(t, clustertest.Shell("exec sleep 1000"), pool.Options{Instances: 1})
			select {
			case <-p.Done():
				t.Error("a pool that was not started has ended")
			default:
			}
			end(p)
			end(p)
			expectEnded(t, p)
			if err := p.Start(); !errors.Is(err, cluster.ErrClosed) {
				t.Errorf("start: %v, want %v", err, cluster.ErrClosed)
			}
			p.Shutdown(clustertest.Patient(t))
			p.Close()
			expectNoForks(t, p)
		})
	}
}

func TestStartTwice(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newPool(t, clustertest.Shell("exec sleep 1000"), pool.Options{Instances: 1})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err == nil || errors.Is(err, cluster.ErrClosed) || !strings.Contains(err.Error(), "started before") {
		t.Errorf("a second start: %v", err)
	}
	if n := len(p.Workers()); n != 1 {
		t.Errorf("%d workers after a second start, want 1", n)
	}
}

// What cannot be started ends the pool with the reason, also for who waits for that.
func TestStartOfWhatIsNotThere(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newPool(t, cluster.Settings{ExecPath: "/bin/missing"}, pool.Options{})
	if err := p.Start(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start of a missing program: %v, want %v", err, os.ErrNotExist)
	}
	select {
	case <-p.Done():
	default:
		t.Error("a pool that could not be started has not ended")
	}
	if !errors.Is(p.Err(), os.ErrNotExist) {
		t.Errorf("the pool ended with %v, want %v", p.Err(), os.ErrNotExist)
	}
	if err := p.Start(); err == nil {
		t.Error("a pool that could not be started is started again")
	}
	p.Shutdown(clustertest.Patient(t))
}

// Start, Shutdown and Close at once leave nothing running.
func TestEndsAtOnce(t *testing.T) {
	nodetest.NoLeaks(t)
	for range 10 {
		p := newPool(t, clustertest.Shell("exec sleep 1000"), pool.Options{Instances: 2, Restart: pool.RestartAlways, MinPause: 1, MaxPause: 1})
		var all sync.WaitGroup
		all.Go(func() { p.Start() })
		for range 2 {
			all.Go(func() { p.Shutdown(clustertest.Patient(t)) })
			all.Go(func() { p.Close() })
		}
		all.Wait()
		expectEnded(t, p)
		if n := len(p.Workers()); n > 0 {
			t.Errorf("%d workers are left", n)
		}
	}
}

// All workers that are asked to leave by hand have successors under RestartAlways, and none once the pool is shut down.
func TestWorkersThatAreAskedToLeave(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, clustertest.Greeters(clustertest.FreePort(t)), pool.Options{Instances: 1, Restart: pool.RestartAlways, MinPause: time.Millisecond})
	r.Event(t, "listening", 1)
	first := r.Worker(1)
	first.Disconnect()
	r.Event(t, "listening", 2)
	if !first.ExitedAfterDisconnect() || r.Worker(2) == nil {
		t.Error("the worker that was asked to leave has no successor")
	}
	r.Shutdown(clustertest.Patient(t))
	if err := r.done(t); err != nil {
		t.Errorf("the pool ended with %v", err)
	}
}

// A worker that has left its channel, but runs, is replaced once it has ended, not before.
func TestSuccessorComesWhenNothingIsLeft(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, clustertest.Shell(`trap 'exit 0' TERM; exec 3>&-; while :; do sleep 0.01; done`), pool.Options{
		Instances: 1, Restart: pool.RestartAlways, MinPause: time.Millisecond,
	})
	first := r.Worker(1)
	r.Event(t, "disconnect", 1)
	awaitRestarts(t, 2) // of another pool, which take longer than one of this pool would
	if n := r.forks(); n != 1 {
		t.Errorf("%d workers were started while the first ran", n)
	}
	if err := first.Kill(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	r.Event(t, "fork", 2)
	if status := r.Event(t, "exit", 1); status.Code != 0 {
		t.Errorf("the first worker's end is %v", status)
	}
}

// What breaks a pool cannot be called on it: a worker that the pool does not know of, an end of all that it undoes, settings of
// which its places do not hear.
func TestPoolIsNoPrimary(t *testing.T) {
	var p any = &pool.Pool{}
	for _, name := range []string{"Fork", "ForkWith", "Disconnect", "Setup"} {
		if _, has := reflect.TypeOf(p).MethodByName(name); has {
			t.Errorf("a pool has %s", name)
		}
	}
}
