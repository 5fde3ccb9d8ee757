package nodejs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
)

// folder has programs that are told apart by their names and first lines.
type folder struct {
	t    *testing.T
	path string
}

func (f folder) program(name, text string) string {
	f.t.Helper()
	path := filepath.Join(f.path, name)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// link makes a link of a name to a program, in a folder of its own.
func (f folder) link(name, target string) string {
	f.t.Helper()
	path := filepath.Join(f.t.TempDir(), name)
	if err := os.Symlink(target, path); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func TestWhatRunsOnNode(t *testing.T) {
	f := folder{t, t.TempDir()}
	node, bun := f.program("node", ""), f.program("bun", "")
	t.Setenv("PATH", f.path)
	for _, c := range []struct {
		name         string
		settings     cluster.Settings
		isNode, runs bool
	}{
		{"the one in PATH", cluster.Settings{Exec: "app.js"}, true, true},
		{"a path", cluster.Settings{ExecPath: node}, true, true},
		{"nodejs", cluster.Settings{ExecPath: f.program("nodejs", "")}, true, true},
		{"node-22.3", cluster.Settings{ExecPath: f.program("node-22.3", "")}, true, true},
		{"node-v20.1.0", cluster.Settings{ExecPath: f.program("node-v20.1.0", "")}, true, true},
		{"a link to Node", cluster.Settings{ExecPath: f.link("app", node)}, true, true},
		{"a path from the worker's directory", cluster.Settings{ExecPath: "./node", Cwd: f.path}, true, true},
		{"a shim of that name", cluster.Settings{ExecPath: f.link("node", f.program("volta-shim", ""))}, true, true},
		{"Bun of that name", cluster.Settings{ExecPath: f.link("node", bun)}, false, false},
		{"Bun", cluster.Settings{ExecPath: bun}, false, false},
		{"another name", cluster.Settings{ExecPath: f.program("nodemon", "")}, false, false},
		{"what is not there", cluster.Settings{ExecPath: filepath.Join(f.path, "none", "node")}, false, false},
		{"what is said to be Node", cluster.Settings{ExecPath: f.program("other", ""), Runtime: cluster.RuntimeNode}, true, true},
		{"what is said to be Go", cluster.Settings{ExecPath: node, Runtime: cluster.RuntimeGo}, false, false},
		{"a script of Node's", cluster.Settings{ExecPath: f.program("script", "#!/usr/bin/env node\n")}, false, true},
		{"a script with arguments", cluster.Settings{ExecPath: f.program("script2", "#!/usr/bin/env -S node --no-warnings\n")}, false, true},
		{"a shell script", cluster.Settings{ExecPath: f.program("sh", "#!/bin/sh\nnode app.js\n")}, false, false},
		{"a binary", cluster.Settings{ExecPath: f.program("node_exporter", "\x7fELF\n#!node\n")}, false, false},
	} {
		if got := IsNode(&c.settings); got != c.isNode {
			t.Errorf("%s is Node: %v, want %v", c.name, got, c.isNode)
		}
		if got := RunsOnNode(&c.settings); got != c.runs {
			t.Errorf("%s runs on Node: %v, want %v", c.name, got, c.runs)
		}
	}
}

func TestOptionsAreTheLast(t *testing.T) {
	s := &cluster.Settings{}
	t.Setenv("NODE_OPTIONS", "")
	os.Unsetenv("NODE_OPTIONS")
	if value, isSet := Options(s); isSet {
		t.Errorf("they are %q although none are set", value)
	}
	t.Setenv("NODE_OPTIONS", "--of-this-process")
	if value, isSet := Options(s); value != "--of-this-process" || !isSet {
		t.Errorf("they are %q, %v", value, isSet)
	}
	s.Env = []string{"NODE_OPTIONS=--first", "NODE_OPTIONS="}
	if value, isSet := Options(s); value != "" || !isSet {
		t.Errorf("they are %q, %v, want empty ones", value, isSet)
	}
}
