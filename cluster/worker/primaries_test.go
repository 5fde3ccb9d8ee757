//go:build linux

package worker_test

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// under is a primary, ours or Node's, whose workers run one program of this test's.
type under struct {
	clustertest.Driver
	t *testing.T
}

// nodePolicies are those that Node has.
var nodePolicies = []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedNone}

// underOurs runs f under a primary of ours for each policy.
func underOurs(t *testing.T, program string, policies []cluster.SchedulingPolicy, f func(under)) {
	t.Helper()
	for _, policy := range policies {
		t.Run("ours/"+string(policy), func(t *testing.T) {
			nodetest.NoLeaks(t)
			settings := cluster.Settings{ExecPath: self(t), SchedulingPolicy: policy, Env: clustertest.AsProgram(program)}
			f(under{clustertest.NewRig(t, settings), t})
		})
	}
}

// underNode runs f under a real Node primary of each version, or of the installed one, for each policy.
func underNode(t *testing.T, program string, majors []int, policies []cluster.SchedulingPolicy, f func(under)) {
	t.Helper()
	nodes := nodetest.Nodes(t)
	if nodetest.All() {
		nodes = slices.DeleteFunc(nodes, func(n nodetest.Runtime) bool { return !slices.Contains(majors, n.Major) })
	}
	for _, node := range nodes {
		for _, policy := range policies {
			t.Run(node.Name+"/"+string(policy), func(t *testing.T) {
				nodetest.NoLeaks(t)
				f(under{startNode(t, node, policy, program), t})
			})
		}
	}
}

// nodePrimary is a real Node primary whose workers run a program of this test's.
type nodePrimary struct {
	*clustertest.TracingPrimary
	program string
}

func startNode(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy, program string) nodePrimary {
	t.Helper()
	p := clustertest.StartTracingPrimary(t, node, nil)
	p.Program = self(t)
	p.Setup(policy, map[string]any{})
	return nodePrimary{p, program}
}

func (p nodePrimary) Start(env ...string) int {
	return p.TracingPrimary.Start(append(clustertest.AsProgram(p.program), env...)...)
}

// self is the path of this test program.
func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// startOn starts a worker that listens on a port of its own.
func (u under) startOn(env ...string) (worker, port int) {
	u.t.Helper()
	port = clustertest.FreePort(u.t)
	return u.Start(append(env, onPort("PORT", port))...), port
}

func onPort(variable string, port int) string { return variable + "=" + strconv.Itoa(port) }

// listening waits until so many servers of a worker listen.
func (u under) listening(worker, servers int) {
	u.t.Helper()
	u.Book().Await(u.t, "a worker that listens", func(o clustertest.Occurrence) bool {
		if o.Event == "listening" && o.Worker == worker {
			servers--
		}
		return servers == 0
	})
}

// expectExit waits for the end of a worker, which must be that of its own choice.
func (u under) expectExit(worker, code int) {
	u.t.Helper()
	if exit := u.Book().Event(u.t, "exit", worker); exit.Code != code || exit.Signal != "" {
		u.t.Errorf("worker %d ended with code %d, signal %q, want code %d", worker, exit.Code, exit.Signal, code)
	}
}

// alone is a program of this test's that runs without a primary.
type alone struct {
	*exec.Cmd
	t     *testing.T
	lines *bufio.Scanner
}

func startAlone(t *testing.T, program string, env ...string) *alone {
	t.Helper()
	cmd := exec.Command(self(t))
	cmd.Env = append(append(os.Environ(), clustertest.AsProgram(program)...), env...)
	var printed clustertest.Output
	cmd.Stderr = &printed
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() && printed.String() != "" {
			t.Logf("the program printed:\n%s", &printed)
		}
	})
	return &alone{cmd, t, bufio.NewScanner(stdout)}
}

// line is the next line that the program prints.
func (a *alone) line() string {
	a.t.Helper()
	nodetest.Await(a.t, func() { a.lines.Scan() }, "line of the program")
	return a.lines.Text()
}

func (a *alone) signal(s syscall.Signal) {
	a.t.Helper()
	if err := a.Process.Signal(s); err != nil {
		a.t.Fatal(err)
	}
}

func (a *alone) expectExit(code int) {
	a.t.Helper()
	nodetest.Await(a.t, func() { a.Wait() }, "end of the program")
	if got := a.ProcessState.ExitCode(); got != code {
		a.t.Errorf("the program ended with %v, want code %d", a.ProcessState, code)
	}
}
