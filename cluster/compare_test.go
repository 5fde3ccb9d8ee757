//go:build unix

package cluster_test

import (
	"encoding/json"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// place is what a comparison takes for itself: the same under Node's primary and under ours.
type place struct {
	port   int
	taken  int // a port on which another process listens
	folder string
	policy cluster.SchedulingPolicy
}

// compared are the things to do with a primary that has two agents, by what they are about. What they return must be
// the same under Node's primary and under ours.
var compared = []struct {
	about string
	run   func(t *testing.T, d clustertest.Driver, p place) any
}{
	{"listening", listenEverywhere},
	{"errors", listenInVain},
	{"UDP", bindEverywhere},
	{"process", lookAround},
	{"ends", endInEveryWay},
}

func TestWorkersSeeTheSameAsUnderNode(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone} {
			t.Run(string(policy), func(t *testing.T) {
				t.Parallel()
				bothPrimaries(t, node, policy)
			})
		}
	})
}

func bothPrimaries(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy) {
	p := place{port: clustertest.FreePort(t), taken: clustertest.TakePort(t), folder: t.TempDir(), policy: policy}
	settings := clustertest.AgentSettings(t, node)
	settings.SchedulingPolicy = policy
	settings.Args, settings.ExecArgv = comparedArgs, comparedExecArgv
	var theirs, ours map[string]any
	t.Run("node", func(t *testing.T) {
		theirs = compareAll(t, p, clustertest.NewNodePrimary(t, node, policy, map[string]any{
			"exec": settings.Exec, "args": settings.Args, "execArgv": settings.ExecArgv,
		}))
	})
	t.Run("ours", func(t *testing.T) { ours = compareAll(t, p, clustertest.NewRig(t, settings)) })
	for _, c := range compared {
		t.Run(c.about, func(t *testing.T) { expectSame(t, theirs[c.about], ours[c.about]) })
	}
}

func compareAll(t *testing.T, p place, d clustertest.Driver) map[string]any {
	for range 2 {
		clustertest.AwaitReady(t, d.Book(), d.Start(comparedVariable+"=set"))
	}
	results := map[string]any{}
	for _, c := range compared {
		results[c.about] = c.run(t, d, p)
	}
	return results
}

// expectSame compares what workers saw under Node's primary and under ours.
func expectSame(t *testing.T, node, ours any) {
	t.Helper()
	raw := cmp.Transformer("text", func(m json.RawMessage) string { return string(m) })
	if diff := cmp.Diff(node, ours, cmpopts.IgnoreUnexported(clustertest.Occurrence{}), raw); diff != "" {
		t.Errorf("under Node's primary (-) and ours (+):\n%s", diff)
	}
}
