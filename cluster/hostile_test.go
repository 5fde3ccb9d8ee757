//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// misdeeds are what a worker may send that no Node process sends, and what becomes of its channel: the error that
// ends it, or nil where what it sends is ignored.
var misdeeds = []struct {
	name string
	want error
}{
	{"garbage", nodeipc.ErrProtocol},
	{"half a message", nil},
	{"endless message", nodeipc.ErrMessageTooLarge},
	{"ACK for nothing", nodeipc.ErrProtocol},
	{"NACK for nothing", nodeipc.ErrProtocol},
	{"answers for nothing", nil},
	{"unknown keys", nil},
	{"unknown acts", nil},
	{"wrong types", nodeipc.ErrProtocol},
	{"flood of queries", nodeipc.ErrNotReading},
	{"flood of servers", nil},
	{"flood of descriptors", nil},
	{"large data", nodeipc.ErrProtocol},
}

func TestHostileWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newAgents(t, nodetest.Default(t), cluster.SchedRR, 1)
	r.expectErrors = true
	port := freePort(t)
	listenAll(t, r, port, 1)
	settings := r.Settings()
	settings.Exec, settings.ExecPath, settings.Env = "", os.Args[0], asProgram("hostile")
	for _, m := range misdeeds {
		t.Run(m.name, func(t *testing.T) {
			settings.Args = []string{m.name}
			r.Setup(settings)
			w := r.fork()
			r.event(t, "disconnect", w.ID())
			r.event(t, "exit", w.ID())
			err := errorOf(r.journal, w.ID())
			if !errors.Is(err, m.want) {
				t.Errorf("the channel ended with %v, want %v", err, m.want)
			}
			if got := serves(t, port, 3); got[1] != 3 {
				t.Errorf("connections by worker: %v, want all with worker 1", got)
			}
		})
	}
	expectWorkers(t, r, 1)
}

// errorOf is what ended a worker's channel, if it was an error. A worker that ends within a message has done nothing
// else wrong.
func errorOf(j *journal, worker int) error {
	for _, o := range j.all() {
		if o.Worker == worker && o.Event == "error" && !strings.Contains(o.err.Error(), "unexpected EOF") {
			return o.err
		}
	}
	return nil
}

// A worker whose events nobody takes is soon not read any more, and until then costs a bounded amount of memory and
// few descriptors.
func TestFloodOfEventsThatNobodyTakes(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, flood := range []string{"messages", "large messages", "listening events", "large listening events", "messages with descriptors"} {
		t.Run(flood, func(t *testing.T) {
			nodetest.NoLeaks(t)
			primary, err := cluster.NewPrimary(cluster.Settings{
				ExecPath: os.Args[0], Args: []string{flood}, Env: asProgram("hostile"), Silent: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer primary.Close()
			before := heap()
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
			if now := heap(); now > before+most {
				t.Errorf("%d bytes of events wait, and %d MiB of memory are in use", sent, now>>20)
			}
			if n := openDescriptors(t); n > 512 {
				t.Errorf("%d descriptors are open", n)
			}
			var taken sync.WaitGroup
			taken.Go(func() {
				for event := range primary.Events(context.Background()) {
					occurrenceOf(t, event)
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

// openDescriptors is how many descriptors this process has.
func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
