package cluster_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// hasEnded reports whether a process has ended, although perhaps nobody has waited for it.
func hasEnded(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	// The name before the state may hold anything.
	state := bytes.TrimSpace(stat[bytes.LastIndexByte(stat, ')')+1:])[0]
	return state == 'Z' || state == 'X'
}

// withChild forks a worker that has a child, and returns the child's pid.
func withChild(t *testing.T, attr *syscall.SysProcAttr, then string) (r *clustertest.Rig, w *cluster.Worker, child int) {
	t.Helper()
	settings := clustertest.Shell("sleep 1000 <&- >&- 2>&- 3>&- & echo $! >&3; " + then)
	settings.SysProcAttr = attr
	r = clustertest.NewRig(t, settings)
	w = r.MustFork()
	o := r.Await(t, "the pid of the worker's child", func(o clustertest.Occurrence) bool { return o.Event == "message" })
	child, err := strconv.Atoi(string(o.Message))
	if err != nil {
		t.Fatal(err)
	}
	return r, w, child
}

// What a worker leaves in its process group ends with it, whether it ends by itself or is killed.
func TestGroupOfAWorkerEnds(t *testing.T) {
	nodetest.NoLeaks(t)
	const goesOn = "trap '' TERM; while :; do sleep 0.01; done"
	group := &syscall.SysProcAttr{Setpgid: true}
	for _, c := range []struct {
		name string
		then string
		end  func(*clustertest.Rig, *cluster.Worker)
	}{
		{"it ends at the signal", "exec sleep 1000", func(_ *clustertest.Rig, w *cluster.Worker) {
			w.Shutdown(deadlineIn(t, time.Hour))
		}},
		{"it is killed", goesOn, func(_ *clustertest.Rig, w *cluster.Worker) { w.Shutdown(deadlineIn(t, time.Second)) }},
		{"the primary is closed", goesOn, func(r *clustertest.Rig, _ *cluster.Worker) { r.Close() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, w, child := withChild(t, group, c.then)
			c.end(r, w)
			if !w.IsDead() {
				t.Error("the worker has not ended")
			}
			if !clustertest.Eventually(func() bool { return hasEnded(child) }) {
				t.Error("the worker's child goes on")
				syscall.Kill(child, syscall.SIGKILL)
			}
		})
	}
}

// A worker in the primary's own process group is killed alone. So is what it left, if nobody has shut it down.
func TestOthersOfAGroupGoOn(t *testing.T) {
	nodetest.NoLeaks(t)
	expect := func(t *testing.T, child int) {
		t.Helper()
		if hasEnded(child) {
			t.Error("the worker's child has ended")
		}
		syscall.Kill(child, syscall.SIGKILL)
	}
	t.Run("the primary's", func(t *testing.T) {
		_, w, child := withChild(t, nil, "exec sleep 1000")
		if err := w.Shutdown(deadlineIn(t, time.Hour)); err != nil {
			t.Error(err)
		}
		expect(t, child)
	})
	t.Run("of a worker that ends by itself", func(t *testing.T) {
		_, w, child := withChild(t, &syscall.SysProcAttr{Setpgid: true}, "exit 3")
		awaitClosed(t, "gone", w.Gone())
		expect(t, child)
	})
}

// Kill needs nothing of the primary's loop, where a program's balancer stands still.
func TestKillBesideTheLoop(t *testing.T) {
	nodetest.NoLeaks(t)
	called, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r := balancedAgents(t, 1, func(cluster.Address) cluster.Balancer {
		return &watched{onEnd: func() error { return nil }, onNext: func() { once.Do(func() { close(called); <-release }) }}
	})
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1)
	clustertest.Connect(t, "tcp", clustertest.Local(port))
	<-called
	w := r.ForkedWorker(1)
	r.Primary.Kill()
	if !clustertest.Eventually(func() bool { return hasEnded(w.Pid()) }) {
		t.Error("the worker goes on")
	}
	close(release)
	awaitClosed(t, "gone", w.Gone())
}
