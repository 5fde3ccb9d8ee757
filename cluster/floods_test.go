//go:build unix

package cluster_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A worker whose events nobody takes is soon not read any more, and until then costs a bounded amount of memory and
// few descriptors.
func TestFloodOfEventsThatNobodyTakes(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, flood := range []string{"messages", "large messages", "listening events", "large listening events", "messages with descriptors"} {
		t.Run(flood, func(t *testing.T) {
			nodetest.NoLeaks(t)
			primary, err := cluster.NewPrimary(cluster.Settings{
				ExecPath: os.Args[0], Args: []string{flood}, Env: clustertest.AsProgram("hostile"), Silent: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer primary.Close()
			before := nodetest.Heap()
			w, err := primary.Fork()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Stdin().Close()
			defer w.Stdout().Close()
			defer w.Stderr().Close()
			var sent int
			if _, err := fmt.Fscan(w.Stdout(), &sent); err != nil {
				t.Fatalf("the worker is not paused: %v", err)
			}
			const most = 96 << 20
			if now := nodetest.Heap(); now > before+most {
				t.Errorf("%d bytes of events wait, and %d MiB of memory are in use", sent, now>>20)
			}
			if n := clustertest.OpenDescriptors(t); n > 512 {
				t.Errorf("%d descriptors are open", n)
			}
			var taken sync.WaitGroup
			taken.Go(func() {
				for event := range primary.Events(context.Background()) {
					clustertest.OccurrenceOf(t, event)
				}
			})
			var again string
			if _, err := fmt.Fscan(w.Stdout(), &again); err != nil || again != "again" {
				t.Errorf("once its events are taken, the worker says %q, %v", again, err)
			}
			primary.Close()
			taken.Wait()
		})
	}
}
