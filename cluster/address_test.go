//go:build unix

package cluster_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A path may be too long by itself, but not from the working directory, which may be another's when it is taken away.
func TestListenOnLongPath(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone} {
		folder := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		r := clustertest.NewAgents(t, nodetest.Default(t), policy, 1)
		options := map[string]any{"path": filepath.Join(folder, "socket")}
		a := clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "listen", "options": options})
		if a.Error == nil || a.Error.Code != "EINVAL" || a.Error.Errno != -22 {
			t.Errorf("a path of %d bytes: %v, want EINVAL", len(folder)+7, a.Error)
		}
		t.Run(string(policy), func(t *testing.T) {
			t.Chdir(folder)
			clustertest.Listen(t, r, 1, options)
			if w := clustertest.WhoServes(t, "unix", "socket"); w != 1 {
				t.Errorf("worker %d serves", w)
			}
		})
		clustertest.CloseServers(t, r, 1, "tcp")
		if _, err := os.Stat(options["path"].(string)); !os.IsNotExist(err) {
			t.Errorf("after the last server: %v, want no file", err)
		}
	}
}

// An address is free again at once, even if a process is just being started, which has a copy of every descriptor
// until it runs its program.
func TestListenAgainWhileOthersAreForked(t *testing.T) {
	nodetest.NoLeaks(t)
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r := clustertest.NewAgents(t, nodetest.Default(t), policy, 1)
		done := make(chan struct{})
		var forking sync.WaitGroup
		forking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := exec.Command("true").Run(); err != nil {
					t.Error(err)
					return
				}
			}
		})
		defer forking.Wait()
		defer close(done)
		options := map[string]any{"port": clustertest.FreePort(t)}
		for range 60 {
			clustertest.Listen(t, r, 1, options)
			clustertest.CloseServers(t, r, 1, "tcp")
		}
	})
}
