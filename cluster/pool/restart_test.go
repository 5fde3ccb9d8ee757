//go:build unix

package pool_test

import (
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// All workers are replaced at once, old first, and clients wait meanwhile.
func TestRestart(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newReloadRig(t, pool.Options{Instances: 3})
	load := clustertest.StartLoad(r.port)
	t.Cleanup(load.Stop)
	r.publish("2")
	if err := r.Restart(clustertest.Patient(t)); err != nil {
		t.Fatal(err)
	}
	load.Stop()
	for _, f := range load.Failures {
		t.Errorf("a client failed with %v", f.Err)
	}
	r.expectServing(t, "2", 3)
	all := r.All()
	for i := range 3 {
		if old, next := r.awaitRelease(t, "1", i), r.awaitRelease(t, "2", i); indexOf(all, "exit", old) > indexOf(all, "fork", next) {
			t.Errorf("the successor of instance %d came before its worker had ended", i)
		}
	}
	if r.Settings().HoldWhenLeaving {
		t.Error("sockets are held for workers that leave after a restart")
	}
	// A release that fails is restarted as any other.
	r.publish("3", "BEFORE=if (NODECLUSTER_INSTANCE === '1') process.exit(4)")
	if err := r.Restart(clustertest.Patient(t)); err == nil || !strings.Contains(err.Error(), "instance 1: ") || !strings.Contains(err.Error(), "code 4") {
		t.Errorf("the restart ended with %v", err)
	}
	r.awaitRelease(t, "3", 0)
	r.awaitRelease(t, "3", 2)
	r.publish("4")
	if err := r.Restart(clustertest.Patient(t)); err != nil {
		t.Error(err)
	}
	r.expectServing(t, "4", 3)
}
