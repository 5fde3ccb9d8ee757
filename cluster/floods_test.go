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

var floods = []string{"messages", "large messages", "listening events", "large listening events", "messages with descriptors"}

// flooded is a primary whose worker floods it with events.
type flooded struct {
	*cluster.Primary
	worker *cluster.Worker
	before uint64 // bytes of memory in use
}

func startFlood(t *testing.T, flood string) *flooded {
	t.Helper()
	primary, err := cluster.NewPrimary(cluster.Settings{
		ExecPath: os.Args[0], Args: []string{flood}, Env: clustertest.AsProgram("hostile"), Silent: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { primary.Close() })
	f := &flooded{Primary: primary, before: nodetest.Heap()}
	if f.worker, err = primary.Fork(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.worker.Stdin().Close()
		f.worker.Stdout().Close()
		f.worker.Stderr().Close()
	})
	return f
}

// expectBounds checks what the primary has, when the worker says how much it has sent.
func (f *flooded) expectBounds(t *testing.T) {
	t.Helper()
	var sent int
	if _, err := fmt.Fscan(f.worker.Stdout(), &sent); err != nil {
		t.Fatalf("the worker does not say how much it has sent: %v", err)
	}
	const most = 96 << 20
	if now := nodetest.Heap(); now > f.before+most {
		t.Errorf("%d bytes of events were sent, and %d MiB of memory are in use", sent, now>>20)
	}
	if n := clustertest.OpenDescriptors(t); n > 512 {
		t.Errorf("%d descriptors are open", n)
	}
}

// take takes events until the primary is closed.
func (f *flooded) take(t *testing.T) (taken *sync.WaitGroup) {
	taken = &sync.WaitGroup{}
	taken.Go(func() {
		for event := range f.Events(context.Background()) {
			clustertest.OccurrenceOf(t, event)
		}
	})
	return taken
}

// A worker whose events nobody takes is soon not read any more, and until then costs a bounded amount of memory and
// few descriptors.
func TestFloodOfEventsThatNobodyTakes(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, flood := range floods {
		t.Run(flood, func(t *testing.T) {
			nodetest.NoLeaks(t)
			f := startFlood(t, flood)
			f.expectBounds(t)
			taken := f.take(t)
			var again string
			if _, err := fmt.Fscan(f.worker.Stdout(), &again); err != nil || again != "again" {
				t.Errorf("once its events are taken, the worker says %q, %v", again, err)
			}
			f.Close()
			taken.Wait()
		})
	}
}

// It is read again when nobody is going to take them, and costs no more however much it sends.
func TestFloodOfEventsThatAreDropped(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, flood := range floods {
		t.Run(flood, func(t *testing.T) {
			nodetest.NoLeaks(t)
			f := startFlood(t, flood+" that goes on")
			f.expectBounds(t)
			taken := f.take(t)
			f.Close()
			taken.Wait()
		})
	}
}
