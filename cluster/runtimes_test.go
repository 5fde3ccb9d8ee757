//go:build unix

package cluster_test

import (
	"encoding/json"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Deno and Bun have Node's cluster in their own words. What they do not have there is not asked of them: Bun gives its
// workers neither UDP sockets nor descriptors of the primary's.
func TestOtherRuntimes(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.DenoAndBun(t, func(t *testing.T, runtime nodetest.Runtime) {
		r := clustertest.NewAgents(t, runtime, cluster.SchedRR, 3)
		port := clustertest.FreePort(t)
		clustertest.Step(t, "messages", func(t *testing.T) { otherMessages(t, r) })
		clustertest.Step(t, "connections", func(t *testing.T) {
			clustertest.ListenAll(t, r, port, 1, 2, 3)
			for w := 1; w <= 3; w++ {
				r.Listening(t, w, port)
			}
			if by := clustertest.Serves(t, port, 30); by[1] != 10 || by[2] != 10 || by[3] != 10 {
				t.Errorf("connections by worker: %v, want 10 each", by)
			}
		})
		clustertest.Step(t, "path", func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "socket")
			clustertest.Listen(t, r, 1, map[string]any{"path": path}, "name", "path")
			if w := clustertest.WhoServes(t, "unix", path); w != 1 {
				t.Errorf("worker %d serves", w)
			}
		})
		clustertest.Step(t, "death", func(t *testing.T) {
			clustertest.Stop(t, r.ForkedWorker(3))
			clients := clustertest.ConnectAll(t, port, 3*window)
			r.Kill(3, syscall.SIGKILL)
			if by := clustertest.Greetings(t, clients); by[3] != 0 {
				t.Errorf("connections by worker: %v, want none with worker 3", by)
			}
			clustertest.HangUp(clients)
		})
		clustertest.Step(t, "disconnect", func(t *testing.T) {
			if err := r.Disconnect(clustertest.Patient(t)); err != nil {
				t.Fatal(err)
			}
			for w := 1; w <= 2; w++ {
				if s := r.ForkedWorker(w).ExitStatus(); s.Code != 0 || s.Signal != 0 {
					t.Errorf("worker %d: %v", w, s)
				}
			}
			clustertest.ExpectRefusal(t, port)
		})
	})
}

func otherMessages(t *testing.T, r *clustertest.Rig) {
	value := json.RawMessage(`{"text":"ü😀","list":[1,2.5,null]}`)
	for w := 1; w <= 3; w++ {
		if a := clustertest.AskAgent(t, r, w, clustertest.Command{"do": "echo", "value": value}); string(a.Value) != string(value) {
			t.Errorf("worker %d echoes %s for %s", w, a.Value, value)
		}
	}
}
