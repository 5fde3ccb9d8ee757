package cluster_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// bothKinds runs f under a Node primary and under one of ours, for each of Node's policies.
func bothKinds(t *testing.T, node nodetest.Runtime, f func(t *testing.T, d clustertest.Driver, policy cluster.SchedulingPolicy)) {
	t.Helper()
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone} {
		settings := clustertest.AgentSettings(t, node)
		settings.SchedulingPolicy = policy
		t.Run("node/"+string(policy), func(t *testing.T) {
			f(t, clustertest.NewNodePrimary(t, node, policy, map[string]any{"exec": settings.Exec}), policy)
		})
		t.Run("ours/"+string(policy), func(t *testing.T) { f(t, clustertest.NewRig(t, settings), policy) })
	}
}

// A path that begins with '@' is a file's, and no abstract name, wherever the primary was started.
func TestPathsWithAtSign(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	t.Chdir(folder)
	if err := os.Mkdir("@d", 0o755); err != nil {
		t.Fatal(err)
	}
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		bothKinds(t, node, func(t *testing.T, d clustertest.Driver, _ cluster.SchedulingPolicy) {
			clustertest.AwaitReady(t, d.Book(), d.Start())
			for _, path := range []string{"@x", "./@x", "@d/x", "./@d/@x", filepath.Join(folder, "@x")} {
				clustertest.Listen(t, d, 1, map[string]any{"path": path})
				full, err := filepath.Abs(path)
				if err != nil {
					t.Fatal(err)
				}
				if w := clustertest.WhoServes(t, "unix", full); w != 1 {
					t.Errorf("worker %d serves %s", w, path)
				}
				clustertest.CloseServers(t, d, 1, "tcp")
				if _, err := os.Lstat(full); !os.IsNotExist(err) {
					t.Errorf("%s after its server was closed: %v, want no file", path, err)
				}
			}
		})
	})
}

// What a worker's program calls an abstract name, its own Node reaches: Node 16 to 20 by another name than all others.
func TestAbstractNames(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		bothKinds(t, node, func(t *testing.T, d clustertest.Driver, policy cluster.SchedulingPolicy) {
			for range 2 {
				clustertest.AwaitReady(t, d.Book(), d.Start())
			}
			name := fmt.Sprintf("nodecluster-%d", os.Getpid())
			options := map[string]any{"path": "\x00" + name}
			// Before Node 20 all abstract names are one, which another program may have for a moment.
			if !clustertest.Eventually(func() bool {
				return clustertest.AskAgent(t, d, 1, clustertest.Command{"do": "listen", "options": options}).Error == nil
			}) {
				t.Fatalf("nobody can listen on @%s", name)
			}
			a := clustertest.AskAgent(t, d, 2, clustertest.Command{"do": "connect", "options": options})
			if a.Error != nil {
				t.Errorf("a client of the same Node: %v", a.Error)
			}
			_, ours := d.(*clustertest.Rig)
			if node.Major >= 22 || ours && policy == cluster.SchedRR {
				if w := clustertest.WhoServes(t, "unix", "@"+name); w != 1 {
					t.Errorf("worker %d serves a client in Go", w)
				}
			}
		})
	})
}

// A worker may have another working directory than its primary, which Node puts before an abstract name. A worker in Go has the same
// server.
func TestAbstractNameFromAnotherFolder(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := clustertest.AgentSettings(t, nodetest.Default(t))
	settings.Cwd = t.TempDir()
	r := clustertest.NewRig(t, settings)
	r.Ready(r.MustFork())
	name := fmt.Sprintf("nodecluster-cwd-%d", os.Getpid())
	clustertest.Listen(t, r, 1, map[string]any{"path": "\x00" + name})
	if w := clustertest.WhoServes(t, "unix", "@"+name); w != 1 {
		t.Errorf("worker %d serves", w)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	inGo := r.MustForkWith(cluster.Settings{ExecPath: self, Env: clustertest.AsProgram(clustertest.AgentProgram)})
	clustertest.Listen(t, r, inGo, map[string]any{"path": "@" + name})
	clustertest.CloseServers(t, r, 1, "tcp")
	if w := clustertest.WhoServes(t, "unix", "@"+name); w != inGo {
		t.Errorf("worker %d serves, want the one in Go", w)
	}
}
