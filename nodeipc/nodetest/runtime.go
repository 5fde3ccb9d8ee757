package nodetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// majors are the major versions of Node that scripts/runtimes fetches.
var majors = []int{16, 18, 20, 22, 24, 26}

// Runtime is one real JavaScript runtime.
type Runtime struct {
	Name  string // "node16" to "node26", "deno" or "bun"
	Path  string // absolute path of the program
	Major int    // Node's major version, 0 for Deno and Bun
}

// allVariable asks for every runtime, and its value ends for the oldest and the newest Node where every one is to be tried. scripts/test --all
// sets it.
const (
	allVariable = "NODECLUSTER_TEST_ALL"
	ends        = "ends"
)

// All reports whether the tests run with every runtime that scripts/runtimes fetches, as scripts/test --all has it,
// rather than with the installed Node alone.
func All() bool { return os.Getenv(allVariable) != "" }

// Nodes gives every Node that this project supports, 16 to 26, oldest first, when [All] is true, and otherwise the
// installed Node alone. With NODECLUSTER_TEST_ALL=ends it is the oldest and the newest one, for tests that were run with every one in another
// way. The test ends with a failure when one of them is not there.
func Nodes(tb testing.TB) []Runtime {
	tb.Helper()
	if os.Getenv(allVariable) == ends {
		return nodes(tb, majors[0], majors[len(majors)-1])
	}
	return nodes(tb, majors...)
}

// Node gives the Node of that major version: 16, 18, 20, 22, 24 or 26. When [All] is false and the installed Node is
// another, the test is skipped. It ends with a failure for another number, and when the Node is not there.
func Node(tb testing.TB, major int) Runtime {
	tb.Helper()
	if !slices.Contains(majors, major) {
		tb.Fatalf("nodetest: no Node %d among the runtimes, want one of %v", major, majors)
	}
	if All() {
		return fetchedNode(tb, major)
	}
	node := installed(tb)
	if node.Major != major {
		tb.Skipf("needs Node %d, and the installed one is %d: scripts/test --all has it", major, node.Major)
	}
	return node
}

// Default gives the Node of tests that need only one: Node 20 when [All] is true, and otherwise the installed one,
// which is any from 16 to 26. The test ends with a failure when it is not there.
func Default(tb testing.TB) Runtime {
	tb.Helper()
	return nodes(tb, 20)[0]
}

// Deno gives Deno. Run a script with "run --no-config --allow-all": Deno asks
// for permissions, and takes settings from a deno.json in any folder above the
// script. When [All] is false, the test is skipped. It ends with a failure when
// Deno is not there.
func Deno(tb testing.TB) Runtime {
	tb.Helper()
	return other(tb, "deno")
}

// Bun gives Bun. When [All] is false, the test is skipped. It ends with a
// failure when Bun is not there.
func Bun(tb testing.TB) Runtime {
	tb.Helper()
	return other(tb, "bun")
}

// EachNode runs f as a subtest for each of [Nodes], named for it and one after
// the other.
func EachNode(t *testing.T, f func(t *testing.T, node Runtime)) {
	t.Helper()
	each(t, Nodes(t), f)
}

// EachNodeSince is [EachNode] without the Nodes before a major version, which what is tested does not support. Where the installed Node is
// older and the only one, the test is skipped.
func EachNodeSince(t *testing.T, oldest int, f func(t *testing.T, node Runtime)) {
	t.Helper()
	all := Nodes(t)
	supported := slices.DeleteFunc(slices.Clone(all), func(node Runtime) bool { return node.Major < oldest })
	if len(supported) == 0 {
		t.Skipf("needs Node %d or later, and the installed one is %d: scripts/test --all has it", oldest, all[0].Major)
	}
	each(t, supported, f)
}

// EachNodeOrNewest is [EachNode], and with the race detector the newest Node alone, if [All] is true: for what takes minutes, and is run
// without the race detector too.
func EachNodeOrNewest(t *testing.T, f func(t *testing.T, node Runtime)) {
	t.Helper()
	if RaceDetector {
		each(t, nodes(t, majors[len(majors)-1]), f)
		return
	}
	EachNode(t, f)
}

// OldestAndNewest is [EachNode] with Node 16 and Node 26 when [All] is true, for what changed at most once between
// them. Otherwise it runs f with the installed Node.
func OldestAndNewest(t *testing.T, f func(t *testing.T, node Runtime)) {
	t.Helper()
	each(t, nodes(t, majors[0], majors[len(majors)-1]), f)
}

// DenoAndBun runs f as a subtest with each of the two, which are skipped when [All] is false.
func DenoAndBun(t *testing.T, f func(t *testing.T, r Runtime)) {
	t.Helper()
	t.Run("deno", func(t *testing.T) { f(t, Deno(t)) })
	t.Run("bun", func(t *testing.T) { f(t, Bun(t)) })
}

func each(t *testing.T, runtimes []Runtime, f func(t *testing.T, r Runtime)) {
	t.Helper()
	for _, r := range runtimes {
		t.Run(r.Name, func(t *testing.T) { f(t, r) })
	}
}

// nodes gives the fetched Nodes of these major versions, or the installed one in place of them all.
func nodes(tb testing.TB, majors ...int) (nodes []Runtime) {
	tb.Helper()
	if !All() {
		return []Runtime{installed(tb)}
	}
	for _, major := range majors {
		nodes = append(nodes, fetchedNode(tb, major))
	}
	return nodes
}

func fetchedNode(tb testing.TB, major int) Runtime {
	tb.Helper()
	name := "node" + strconv.Itoa(major)
	return Runtime{Name: name, Path: program(tb, name, "node"), Major: major}
}

func other(tb testing.TB, name string) Runtime {
	tb.Helper()
	if !All() {
		tb.Skipf("needs %s: scripts/test --all has it", name)
	}
	return Runtime{Name: name, Path: program(tb, name, name)}
}

func program(tb testing.TB, name, file string) string {
	tb.Helper()
	return cached(tb, name, name, "runtimes", name, "bin", file)
}

func installed(tb testing.TB) Runtime {
	tb.Helper()
	node, err := installedNode()
	if err != nil {
		tb.Fatalf("nodetest: %v", err)
	}
	return node
}

var installedNode = sync.OnceValues(findNode)

// findNode asks the Node in PATH for its program, as what PATH has may be a script of a version manager. It takes that script where
// the program is another machine's, which an emulator runs.
func findNode() (Runtime, error) {
	oldest, newest := majors[0], majors[len(majors)-1]
	want := fmt.Sprintf("install a Node from %d to %d, or run scripts/test --all", oldest, newest)
	out, err := exec.Command("node", "-p", "process.version + ' ' + process.execPath").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return Runtime{}, errors.New("no node in PATH: " + want)
	}
	if err != nil {
		return Runtime{}, fmt.Errorf("the node in PATH does not run (%w): %s", err, want)
	}
	version, path, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	text, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	major, err := strconv.Atoi(text)
	if err != nil || major < oldest || major > newest {
		return Runtime{}, fmt.Errorf("the node in PATH is %s: %s", version, want)
	}
	if errors.Is(exec.Command(path, "--version").Run(), syscall.ENOEXEC) {
		if path, err = exec.LookPath("node"); err != nil {
			return Runtime{}, err
		}
	}
	return Runtime{Name: "node" + text, Path: path, Major: major}, nil
}
