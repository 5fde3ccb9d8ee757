//go:build unix

package pool_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A worker that loses its channel, or closes it, and goes on is ended and has failed.
func TestWorkersThatGoOnWithoutTheirChannel(t *testing.T) {
	nodetest.NoLeaks(t)
	const goesOn = "while :; do sleep 0.01; done"
	for _, c := range []struct {
		name    string
		program string
		want    nodeipc.ExitStatus
	}{
		{"closed", "exec 3>&-; " + goesOn, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM}},
		{"closed, and leaves when it is told to", "trap 'exit 0' TERM; exec 3>&-; " + goesOn, nodeipc.ExitStatus{}},
		{"closed, and hears nothing", "trap '' TERM; exec 3>&-; " + goesOn, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL}},
		{"broken", "echo nonsense >&3; " + goesOn, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, clustertest.Shell(clustertest.SaysItListens+c.program), pool.Options{
				Instances: 1, MinPause: time.Millisecond, MaxPause: time.Millisecond, MaxRestarts: 1, KillTimeout: soon,
			})
			if err := r.done(t); err == nil || !strings.Contains(err.Error(), "2 times in a row") {
				t.Errorf("the pool ended with %v, want that it gave up after two failures", err)
			}
			for id := 1; id <= 2; id++ {
				o := r.Event(t, "exit", id)
				if got := (nodeipc.ExitStatus{Code: o.Code, Signal: c.want.Signal}); got != c.want || (o.Signal != "") != (c.want.Signal != 0) {
					t.Errorf("worker %d: %v, want %v", id, o, c.want)
				}
				if c.want.Signal != 0 && o.Signal != nodeipc.SignalName(c.want.Signal) {
					t.Errorf("worker %d: %v, want %v", id, o, c.want)
				}
				r.Await(t, "the error that tells of it", func(o clustertest.Occurrence) bool {
					return o.Event == "error" && o.Worker == id && strings.Contains(o.Err.Error(), "goes on without its channel")
				})
			}
		})
	}
}

// A worker that was asked to leave, has closed its channel in order and goes on is ended too. It has not failed.
func TestWorkersThatStayAfterTheyWereAskedToLeave(t *testing.T) {
	nodetest.NoLeaks(t)
	for policy, forks := range map[pool.RestartPolicy]int{pool.RestartOnFailure: 1, pool.RestartAlways: 2} {
		t.Run(string(policy), func(t *testing.T) {
			settings := clustertest.AgentSettings(t, nodetest.Default(t))
			r := newRig(t, settings, pool.Options{Instances: 1, Restart: policy, MinPause: time.Millisecond, MaxRestarts: -1, KillTimeout: soon})
			clustertest.AwaitReady(t, r.Journal, 1)
			w := r.Worker(1)
			r.Keep(w)
			clustertest.AskAgent(t, r.Rig, 1, clustertest.Command{"do": "stay"})
			w.Disconnect()
			r.Event(t, "exit", 1)
			expectStatus(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
			r.Event(t, "fork", forks)
			if policy == pool.RestartOnFailure {
				if err := r.done(t); err != nil {
					t.Errorf("the pool ended with %v", err)
				}
			}
			r.Close() // while nothing is ended
		})
	}
}

// A pool that is closed while it ends a worker waits for that.
func TestCloseWhileAWorkerIsEnded(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, clustertest.Shell("trap '' TERM; exec 3>&-; while :; do sleep 0.01; done"), pool.Options{Instances: 1, KillTimeout: soon, Restart: pool.RestartNever})
	r.Event(t, "error", 1)
	r.Close()
	if o := r.Event(t, "exit", 1); o.Signal != "SIGKILL" {
		t.Errorf("the worker's end is %v", o)
	}
}
