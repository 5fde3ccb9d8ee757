package nodetest

import (
	"slices"
	"strconv"
	"testing"
)

var majors = []int{16, 18, 20, 22, 24, 26}

// Runtime is one real JavaScript runtime.
type Runtime struct {
	Name  string // "node16" to "node26", "deno" or "bun"
	Path  string // absolute path of the program
	Major int    // Node's major version, 0 for Deno and Bun
}

// Nodes gives every Node that this project supports, 16 to 26, oldest first.
// The test ends with a failure when one of them is not there.
func Nodes(tb testing.TB) []Runtime {
	tb.Helper()
	var nodes []Runtime
	for _, major := range majors {
		nodes = append(nodes, Node(tb, major))
	}
	return nodes
}

// Node gives the Node of that major version: 16, 18, 20, 22, 24 or 26. The
// test ends with a failure for another number, and when it is not there.
func Node(tb testing.TB, major int) Runtime {
	tb.Helper()
	if !slices.Contains(majors, major) {
		tb.Fatalf("nodetest: no Node %d among the runtimes, want one of %v", major, majors)
	}
	return Runtime{
		Name:  "node" + strconv.Itoa(major),
		Path:  program(tb, "node"+strconv.Itoa(major), "node"),
		Major: major,
	}
}

// Default gives Node 20, for tests that need only one Node. The test ends with
// a failure when it is not there.
func Default(tb testing.TB) Runtime {
	tb.Helper()
	return Node(tb, 20)
}

// Deno gives Deno. Run a script with "run --no-config --allow-all": Deno asks
// for permissions, and takes settings from a deno.json in any folder above the
// script. The test ends with a failure when it is not there.
func Deno(tb testing.TB) Runtime {
	tb.Helper()
	return Runtime{Name: "deno", Path: program(tb, "deno", "deno")}
}

// Bun gives Bun. The test ends with a failure when it is not there.
func Bun(tb testing.TB) Runtime {
	tb.Helper()
	return Runtime{Name: "bun", Path: program(tb, "bun", "bun")}
}

// EachNode runs f as a subtest for each of [Nodes], named for it and one after
// the other.
func EachNode(t *testing.T, f func(t *testing.T, node Runtime)) {
	t.Helper()
	for _, node := range Nodes(t) {
		t.Run(node.Name, func(t *testing.T) { f(t, node) })
	}
}

func program(tb testing.TB, name, file string) string {
	tb.Helper()
	return cached(tb, name, "runtimes", name, "bin", file)
}
