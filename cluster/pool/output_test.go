//go:build unix

package pool_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// capture is an output that keeps all.
type capture struct {
	instance int
	out, err clustertest.Output

	mu     sync.Mutex
	forked []*cluster.Worker
}

func (c *capture) Streams() (io.Writer, io.Writer) { return &c.out, &c.err }

func (c *capture) Forked(w *cluster.Worker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forked = append(c.forked, w)
}

func (c *capture) LastLines() []string { return []string{"kept by instance " + fmt.Sprint(c.instance)} }

// captures makes an output for each worker.
type captures struct {
	mu  sync.Mutex
	all []*capture
	err error
}

func (c *captures) next(instance int) (pool.Output, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	out := &capture{instance: instance}
	c.all = append(c.all, out)
	return out, nil
}

func (c *captures) list() []*capture {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

// Each worker of a pool prints to an output of its own, which learns what worker it is, and a reload that fails says what that has kept.
func TestOutputs(t *testing.T) {
	nodetest.NoLeaks(t)
	var outputs captures
	r := newReloadRig(t, pool.Options{Instances: 2, Outputs: outputs.next})
	r.publish("2", "BEFORE=console.log('out ' + me); console.error('err ' + me)")
	if _, err := r.Reload(clustertest.Patient(t), quick); err != nil {
		t.Fatal(err)
	}
	r.publish("3", "BEFORE=process.exit(7)")
	_, err := r.Reload(clustertest.Patient(t), quick)
	var failed *pool.InstanceError
	if !errors.As(err, &failed) || !slices.Equal(failed.Output, []string{"kept by instance 0"}) {
		t.Errorf("the reload ended with %v", err)
	}
	all := outputs.list()
	if len(all) != 5 {
		t.Fatalf("%d outputs for 5 workers", len(all))
	}
	for i, c := range all {
		if want := i % 2; c.instance != want {
			t.Errorf("output %d is of instance %d, want %d", i, c.instance, want)
		}
		if len(c.forked) != 1 || c.forked[0] == nil || c.forked[0].ID() != i+1 {
			t.Errorf("output %d was told of %v", i, c.forked)
		}
	}
	for i, c := range all[2:4] {
		out, err := fmt.Sprintf("out 2 %d\n", i), fmt.Sprintf("err 2 %d\n", i)
		if !clustertest.Eventually(func() bool { return c.out.String() == out && c.err.String() == err }) {
			t.Errorf("instance %d has printed %q and %q", i, &c.out, &c.err)
		}
	}
}

// An output that cannot be had, and a worker that cannot be started, fail as a fork does, and an output learns of it.
func TestOutputsWithoutWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	broken := captures{err: errors.New("no room")}
	var outputs captures
	gone := clustertest.Shell("exit 0")
	gone.ExecPath = t.TempDir() + "/gone"
	for _, c := range []struct {
		settings cluster.Settings
		outputs  *captures
		want     string
	}{
		{clustertest.Shell("exit 0"), &broken, "pool: what takes the output of instance 0: no room"},
		{gone, &outputs, "gone"},
	} {
		p, err := pool.New(c.settings, pool.Options{Instances: 1, Outputs: c.outputs.next, MinPause: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("start: %v, want %q", err, c.want)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if all := outputs.list(); len(all) != 1 || len(all[0].forked) != 1 || all[0].forked[0] != nil {
		t.Errorf("of a worker that was not started %v was told", all)
	}
}
