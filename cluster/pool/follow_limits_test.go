//go:build unix

package pool

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// The pool has as many workers as the limits allow by then, says why, and has them as long as nothing changes, or the program has said a number.
func TestLimitsThatChange(t *testing.T) {
	nodetest.NoLeaks(t)
	p := startInternal(t, listens, Options{Instances: 1, KillTimeout: time.Second})
	var now atomic.Pointer[limits.Limits]
	now.Store(&limits.Limits{CPUs: 1})
	f := &limitsFollower{Pool: p, pause: time.Millisecond, read: func() limits.Limits { return *now.Load() }}
	ctx, stop := context.WithCancel(clustertest.Patient(t))
	defer stop()
	var following sync.WaitGroup
	following.Go(func() { f.follow(ctx) })

	var told []Progress
	steps := p.Progress(ctx)
	change := func(l limits.Limits, workers int, reason string) {
		t.Helper()
		now.Store(&l)
		for s := range steps {
			if s.Step == Ended {
				told = append(told, s)
				break
			}
		}
		steps = p.Progress(ctx)
		if got := p.Sizing(); got.Instances != workers || got.Reason != reason {
			t.Errorf("at %+v there are %+v, want %d, as %s", l, got, workers, reason)
		}
		if !clustertest.Eventually(func() bool { return len(p.Workers()) == workers }) {
			t.Errorf("at %+v %d workers run, want %d", l, len(p.Workers()), workers)
		}
	}
	change(limits.Limits{CPUs: 4}, 4, "there are 4 CPUs to run on")
	change(limits.Limits{CPUs: 4, Quota: 2.5}, 2, "the CPU quota is 2.5")
	change(limits.Limits{CPUs: 4, Quota: 2.5, Memory: 256 << 20}, 1, "the memory limit is 256 MiB, of which a worker needs 160")
	change(limits.Limits{CPUs: 4, Memory: 1 << 30}, 4, "there are 4 CPUs to run on")
	if i := slices.IndexFunc(told, func(s Progress) bool { return s.Change != "scale" || s.Reason == "" }); i >= 0 {
		t.Errorf("there is %+v", told[i])
	}

	if err := p.Scale(ctx, 2); err != nil {
		t.Fatal(err)
	}
	following.Wait() // which ends
	if got := p.Sizing(); got.Instances != 2 || got.Reason != "" {
		t.Errorf("after a scaling there are %+v", got)
	}
	p.Close()
}
