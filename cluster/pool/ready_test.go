//go:build unix

package pool_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// states waits until the instances of a pool are in these states.
func (r *rig) states(t *testing.T, want ...pool.InstanceState) {
	t.Helper()
	var got []pool.InstanceState
	isSo := clustertest.Eventually(func() bool {
		instances, err := r.Instances(clustertest.Patient(t))
		if err != nil {
			t.Fatal(err)
		}
		got = nil
		for _, i := range instances {
			got = append(got, i.State)
		}
		return fmt.Sprint(got) == fmt.Sprint(want)
	})
	if !isSo {
		t.Fatalf("the instances are %v, want %v", got, want)
	}
}

// awaitListening waits until a worker listens.
func (r *rig) awaitListening(t *testing.T, worker int) {
	t.Helper()
	r.Await(t, "a worker that listens", func(o clustertest.Occurrence) bool { return o.Event == "listening" && o.Worker == worker })
}

// With WaitReady the first workers too are starting until they have sent "ready", also those that listen, and their successors.
func TestStartThatWaitsForReady(t *testing.T) {
	for _, serialization := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		t.Run(string(serialization), func(t *testing.T) {
			nodetest.NoLeaks(t)
			r := newRig(t, cluster.Settings{
				ExecPath: nodetest.Default(t).Path, Serialization: serialization, Exec: nodetest.Script(t, "ready.js", `
					process.on('message', (m) => m === 'exit' ? process.exit() : process.send(m));
					require('http').createServer(() => {}).listen(0, '127.0.0.1');`),
			}, pool.Options{Instances: 2, Restart: pool.RestartAlways, Reload: pool.ReloadOptions{WaitReady: true, ListenTimeout: time.Hour}})
			defer r.Close()
			r.awaitListening(t, 1)
			r.awaitListening(t, 2)
			r.states(t, pool.InstanceStarting, pool.InstanceStarting)
			tell := func(instance int, text string) {
				t.Helper()
				instances, err := r.Instances(clustertest.Patient(t))
				if err != nil {
					t.Fatal(err)
				}
				if err := instances[instance].Worker.Send(clustertest.Patient(t), text); err != nil {
					t.Fatal(err)
				}
			}
			tell(0, "Ready")
			tell(1, "ready")
			r.states(t, pool.InstanceStarting, pool.InstanceReady)
			tell(0, "ready")
			r.states(t, pool.InstanceReady, pool.InstanceReady)
			tell(1, "exit")
			r.states(t, pool.InstanceReady, pool.InstanceStarting)
			r.awaitListening(t, 3)
			tell(1, "ready")
			r.states(t, pool.InstanceReady, pool.InstanceReady)
		})
	}
}

// One that listens and does not send it counts as ready once its time is over.
func TestStartThatWaitsForReadyNoLonger(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRig(t, cluster.Settings{
		ExecPath: nodetest.Default(t).Path, Exec: nodetest.Script(t, "silent.js", `require('http').createServer(() => {}).listen(0, '127.0.0.1')`),
	}, pool.Options{Instances: 1, Reload: pool.ReloadOptions{WaitReady: true, ListenTimeout: time.Second}})
	defer r.Close()
	r.states(t, pool.InstanceReady)
}
