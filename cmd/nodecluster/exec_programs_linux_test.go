package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A primaryProgram is a program of testdata/primaries that is its own primary, and how it is run.
type primaryProgram struct {
	line string // the file and its arguments
	// since is the first Node that has what the program needs.
	since int
	env   []string
	input string
	// drive does what the program waits for.
	drive func(t *testing.T, p *program)
}

var primaryPrograms = []primaryProgram{
	{line: "http.js"},
	{line: "messages.js"},
	{line: "timeouts.js"},
	{line: "shutdown.js"},
	{line: "restarts.js"},
	{line: "events.js"},
	{line: "handles.js"},
	{line: "policies.js rr"},
	{line: "policies.js none"},
	{line: "policies.js default"},
	{line: "policies.js by-variable", env: []string{"NODE_CLUSTER_SCHED_POLICY=none"}},
	{line: "settings.js"},
	{line: "silent.js"},
	{line: "stdio.js"},
	{line: "stdio.js early"},
	{line: "advanced.js advanced"},
	{line: "advanced.js json"},
	{line: "arguments.js"},
	{line: "properties.js"},
	{line: "esm.mjs"},
	{line: "typescript.ts", since: 22},
	{line: "threads.js"},
	{line: "builtin.js", since: 22},
	{line: "udp.js"},
	{line: "udp.js reuse"},
	{line: "listen.js"},
	{line: "environment.js", env: []string{"NODE_OPTIONS=--no-deprecation", "OTHER=a b"}},
	{line: "environment.js", env: []string{"NODE_OPTIONS="}},
	{line: "environment.js"},
	{line: "interrupt.js", drive: interruptGroup},
	{line: "stdin.js", input: "one\ntwo\nthree\n"},
	{line: "inspect.js PORTS"},
	{line: "patched.js"},
	{line: "exits.js"},
	{line: "exits.js exit"},
	{line: "exits.js throw"},
	{line: "exits.js signal"},
	{line: "exits.js disconnect"},
	{line: "stacks.js"},
	{line: "acks.js json"},
	{line: "acks.js advanced"},
}

// TestExecIsLikePlainNode: a program that is its own primary prints the same, and ends alike, on plain Node and on the engine.
func TestExecIsLikePlainNode(t *testing.T) {
	nodetest.EachNodeOrNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, c := range primaryPrograms {
			t.Run(c.line, func(t *testing.T) {
				if node.Major < c.since {
					t.Skipf("needs Node %d", c.since)
				}
				c.compare(t, node.Path, "testdata/primaries")
			})
		}
	})
}

// TestExecWithLoader: tsx compiles what the primary and the workers load.
func TestExecWithLoader(t *testing.T) {
	node := nodetest.Default(t)
	if node.Major < 20 {
		t.Skip("--import needs Node 20")
	}
	loader := filepath.Join(nodetest.Apps(t), "node_modules", "tsx", "dist", "loader.mjs")
	c := primaryProgram{line: "typescript.ts", env: []string{"NODE_OPTIONS=--import file://" + loader}}
	c.compare(t, node.Path, "testdata/primaries")
}

// TestExecInheritsCredentials of the primary, as they are when it forks.
func TestExecInheritsCredentials(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	folder := filepath.Dir(binary)
	source, err := os.ReadFile("testdata/primaries/inherit.js")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "inherit.js"), source, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		primaryProgram{line: "inherit.js"}.compare(t, copyForAll(t, node.Path, node.Name), folder)
	})
}

// compare runs the program of a folder on plain Node and on the engine, side by side, with nothing in its environment that is this machine's.
func (c primaryProgram) compare(t *testing.T, node, folder string) {
	t.Helper()
	c.startBoth(t, node, folder).expectSame(t)
}

// A comparison is a program that runs on plain Node and on the engine.
type comparison struct {
	line           string
	plain, adopted *program
}

func (c primaryProgram) startBoth(t *testing.T, node, folder string) comparison {
	t.Helper()
	folder, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	args := strings.Fields(c.line)
	args[0] = filepath.Join(folder, args[0])
	c.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, c.env...)
	plain := c.start(t, append([]string{node}, args...))
	// Strict, so that it would fail where it is not served by the engine.
	adopted := c.start(t, append([]string{binary, "exec", "--strict", "--node", node}, args...))
	for _, p := range []*program{plain, adopted} {
		if c.drive != nil {
			c.drive(t, p)
		}
	}
	return comparison{c.line, plain, adopted}
}

// expectSame waits until both have ended, and compares what they have printed and how they ended.
func (c comparison) expectSame(t *testing.T) {
	t.Helper()
	c.plain.wait()
	c.adopted.wait()
	if got, want := c.adopted.cmd.ProcessState.String(), c.plain.cmd.ProcessState.String(); got != want {
		t.Errorf("%s: by exec it ends with %s, on plain Node with %s", c.line, got, want)
	}
	if c.plain.stdout.String() == "" {
		t.Errorf("%s prints nothing", c.line)
	}
	expectSameText(t, c.line+": standard output", mask(c.adopted, c.adopted.stdout), mask(c.plain, c.plain.stdout))
	expectSameText(t, c.line+": standard error", mask(c.adopted, c.adopted.stderr), mask(c.plain, c.plain.stderr))
}

// start starts one of the two in a folder of its own.
func (c primaryProgram) start(t *testing.T, command []string) *program {
	t.Helper()
	if last := len(command) - 1; command[last] == "PORTS" {
		command[last] = strconv.Itoa(freePorts(t, 16))
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = t.TempDir()
	cmd.Env = slices.Clone(c.env)
	cmd.Stdin = strings.NewReader(c.input)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return launchCommand(t, cmd)
}

// freePorts gives the first of n ports that nobody else gets.
func freePorts(t *testing.T, n int) (first int) {
	t.Helper()
	first = nodetest.FreePort(t)
	for range n - 1 {
		nodetest.FreePort(t)
	}
	return first
}

// processID is as Node has it in its warnings.
var processID = regexp.MustCompile(`\(node:\d+\)`)

// mask takes out of what a program has written what is its own on each run.
func mask(p *program, written *output) string {
	text := strings.ReplaceAll(written.String(), p.cmd.Dir, "FOLDER")
	return processID.ReplaceAllString(text, "(node:PID)")
}

func expectSameText(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	n := 0
	for n < min(len(gotLines), len(wantLines)) && gotLines[n] == wantLines[n] {
		n++
	}
	t.Errorf("%s differs from line %d on, by exec it is\n%s\non plain Node\n%s", what, n+1,
		strings.Join(gotLines[n:min(n+5, len(gotLines))], "\n"), strings.Join(wantLines[n:min(n+5, len(wantLines))], "\n"))
}

// interruptGroup does what a terminal does on Ctrl-C.
func interruptGroup(t *testing.T, p *program) {
	t.Helper()
	p.stdout.awaitText(t, "ready\n")
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}
