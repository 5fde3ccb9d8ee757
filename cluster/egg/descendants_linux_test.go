//go:build !portable

package egg

import (
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

// TestDescendantsEnd stops an app worker that has started a process, which ends too.
func TestDescendantsEnd(t *testing.T) {
	r := startReady(t, "egg3", map[string]any{"workers": 1}, nil)
	child := r.mustGet("/spawn", "").Child
	if !isAlive(child) {
		t.Fatal("nothing was started")
	}
	r.Stop("SIGINT")
	r.stopped()
	r.awaitGone(child)
}

// isAlive reports whether a process runs.
func isAlive(pid int) bool { return syscall.Kill(pid, 0) == nil && beganAt(pid) != "" }

// awaitGone waits for the end of a process.
func (r *rig) awaitGone(pid int) {
	r.t.Helper()
	if !clustertest.Eventually(func() bool { return !isAlive(pid) }) {
		r.t.Fatalf("process %d goes on", pid)
	}
}
