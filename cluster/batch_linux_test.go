//go:build !portable

package cluster_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// batchThreads is how many threads of a process are in SCHED_BATCH.
func batchThreads(t *testing.T, pid int) (n int) {
	t.Helper()
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(stats) == 0 {
		t.Fatalf("process %d has no threads: %v", pid, err)
	}
	for _, file := range stats {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(stat), ") ")
		const policy, batch = 41 - 3, "3" // counted from the state, the third field
		if strings.Fields(after)[policy] == batch {
			n++
		}
	}
	return n
}

// A primary that handles each connection does so in SCHED_BATCH, unless it must not, and its workers never.
func TestBatch(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct {
		settings cluster.Settings
		threads  int
	}{
		{cluster.Settings{SchedulingPolicy: cluster.SchedRR}, 1},
		{cluster.Settings{SchedulingPolicy: cluster.SchedLeast}, 1},
		{cluster.Settings{SchedulingPolicy: cluster.SchedReusePort}, 0},
		{cluster.Settings{SchedulingPolicy: cluster.SchedRR, NoBatch: true}, 0},
	} {
		t.Run(fmt.Sprintf("%s NoBatch %v", c.settings.SchedulingPolicy, c.settings.NoBatch), func(t *testing.T) {
			settings := clustertest.AgentSettings(t, nodetest.Default(t))
			settings.SchedulingPolicy, settings.NoBatch = c.settings.SchedulingPolicy, c.settings.NoBatch
			r := clustertest.NewRig(t, settings)
			w := r.MustFork()
			r.Ready(w)
			if n := batchThreads(t, os.Getpid()); n != c.threads {
				t.Errorf("%d threads of the primary are in SCHED_BATCH, want %d", n, c.threads)
			}
			if n := batchThreads(t, w.Pid()); n != 0 {
				t.Errorf("%d threads of a worker are in SCHED_BATCH", n)
			}
			if err := r.Disconnect(clustertest.Patient(t)); err != nil {
				t.Fatal(err)
			}
			r.Primary.Close()
		})
	}
}
