//go:build linux

package cluster_test

import (
	"net"
	"os"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/google/go-cmp/cmp"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// scene is a Node primary in which scenarios are played, with two agents, workers 1 and 2, of Node or of Go.
type scene struct {
	*clustertest.TracingPrimary
	place
	t      *testing.T
	node   nodetest.Runtime
	policy cluster.SchedulingPolicy
	name   string
	seen   []seen
}

// seen is what a scenario has seen from outside: as a client, say.
type seen struct {
	What  string
	Value any
}

// trace is all that came of a scenario: what the primary has told of each worker, in its order, and what was seen.
type trace struct {
	Told map[int][]clustertest.Told
	Seen []seen
}

func (s *scene) see(what string, value any) { s.seen = append(s.seen, seen{what, value}) }

// TestGoWorkersLeaveTheSameTrace plays each scenario under a real Node primary with Node's workers and with Go's.
func TestGoWorkersLeaveTheSameTrace(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone} {
			t.Run(string(policy), func(t *testing.T) {
				expectSameTraces(t, node, policy)
			})
		}
	})
}

func expectSameTraces(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var theirs, ours map[string]trace
	played := t.Run("play", func(t *testing.T) {
		t.Run("Node's worker", func(t *testing.T) {
			t.Parallel()
			theirs = playAll(t, node, policy, "")
		})
		t.Run("Go's worker", func(t *testing.T) {
			t.Parallel()
			ours = playAll(t, node, policy, self)
		})
	})
	if !played {
		return
	}
	for _, s := range workerScenarios {
		t.Run(s.name, func(t *testing.T) {
			if diff := cmp.Diff(theirs[s.name], ours[s.name]); diff != "" {
				t.Errorf("the traces of Node's worker (-) and of Go's (+):\n%s", diff)
			}
		})
	}
}

// playAll plays all scenarios one after the other, with workers that run program, or Node if it is empty.
func playAll(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy, program string) map[string]trace {
	descriptor, port := listeningFile(t)
	s := &scene{
		TracingPrimary: clustertest.StartTracingPrimary(t, node, descriptor), t: t, node: node, policy: policy,
		place: place{taken: clustertest.TakePort(t), folder: t.TempDir()},
	}
	s.Program = program
	s.Setup(policy, map[string]any{"exec": clustertest.Script("worker.cjs")})
	traces := map[string]trace{}
	for _, scenario := range workerScenarios {
		s.name, s.seen, s.port = scenario.name, nil, nodetest.FreePort(t)
		scenario.play(s)
		s.settle()
		traces[scenario.name] = s.normalise(port)
	}
	return traces
}

// listeningFile is a listening socket as a descriptor to inherit.
func listeningFile(t *testing.T) (*os.File, int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file, l.Addr().(*net.TCPAddr).Port
}

// agent starts one more worker and waits until it is ready.
func (s *scene) agent() int {
	w := s.Start(clustertest.AsProgram(agentProgram)...)
	clustertest.AwaitReady(s.t, s.Book(), w)
	return w
}

func (s *scene) ask(worker int, c clustertest.Command) clustertest.Answer {
	return clustertest.AskAgent(s.t, s, worker, c)
}

// settle waits until all that the agents have said so far is told.
func (s *scene) settle() {
	for w := 1; w <= s.Last; w++ {
		if s.Child.Connected() && !s.HasEnded(w) {
			s.ask(w, clustertest.Command{"do": "echo", "value": "all told"})
		}
	}
}

// awaitEnd waits for both halves of a worker's end.
func (s *scene) awaitEnd(worker int) {
	s.AwaitEvent("disconnect", worker)
	s.AwaitEvent("exit", worker)
}
