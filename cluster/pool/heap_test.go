package pool

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
)

// Only a Node gets a heap, and only if nobody has said how much it has.
func TestWhoGetsAHeap(t *testing.T) {
	t.Setenv("NODE_OPTIONS", "--max-old-space-size=99")
	folder := t.TempDir()
	program := func(name string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	unset := []string{"NODE_OPTIONS=--title=x"}
	node := program("node")
	for _, c := range []struct {
		name     string
		settings cluster.Settings
		want     bool
	}{
		{"node", cluster.Settings{ExecPath: node, Env: unset}, true},
		{"another name", cluster.Settings{ExecPath: program("nodemon"), Env: unset}, false},
		{"another name, but a Node", cluster.Settings{ExecPath: program("other"), Runtime: cluster.RuntimeNode, Env: unset}, true},
		{"node, but no Node", cluster.Settings{ExecPath: node, Runtime: cluster.RuntimeBun, Env: unset}, false},
		{"by the environment", cluster.Settings{ExecPath: node}, false},
		{"by its own environment", cluster.Settings{ExecPath: node, Env: []string{`NODE_OPTIONS=--title=x "--max_old_space_size=99"`}}, false},
		{"the last variable counts", cluster.Settings{ExecPath: node, Env: []string{"NODE_OPTIONS=--max-heap-size=99", unset[0]}}, true},
		{"by arguments", cluster.Settings{ExecPath: node, Env: unset, ExecArgv: []string{"--title=x", "--max-old-space-size=99"}}, false},
		{"by a percentage", cluster.Settings{ExecPath: node, Env: unset, ExecArgv: []string{"--max-old-space-size-percentage=20"}}, false},
		{"by arguments without a script", cluster.Settings{ExecPath: node, Env: unset, Args: []string{"--max-heap-size=99", "app.js"}}, false},
		{"by an argument of the script's", cluster.Settings{ExecPath: node, Env: unset, Exec: "app.js", Args: []string{"--max-heap-size=99"}}, true},
		{"beside other arguments", cluster.Settings{ExecPath: node, Env: unset, ExecArgv: []string{"--max-semi-space-size=16"}}, true},
	} {
		before := slices.Clone(c.settings.ExecArgv)
		got := withHeap(c.settings, 133).ExecArgv
		want := before
		if c.want {
			want = append([]string{"--max-old-space-size=133"}, before...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the arguments are %q, want %q", c.name, got, want)
		}
		if got := withHeap(c.settings, 0).ExecArgv; !slices.Equal(got, before) {
			t.Errorf("%s, without a limit: the arguments are %q, want %q", c.name, got, before)
		}
	}
}
