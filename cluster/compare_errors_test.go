//go:build unix

package cluster_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

// failed is what a worker is told that wants to listen where it cannot.
type failed struct {
	Name   string
	Answer clustertest.Answer
}

// listenInVain tries addresses that are not to be had, and then whether one of them is once it is free.
func listenInVain(t *testing.T, d clustertest.Driver, p clustertest.Place) any {
	file := filepath.Join(p.Folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	loop, dangling := filepath.Join(p.Folder, "loop"), filepath.Join(p.Folder, "dangling")
	for link, to := range map[string]string{loop: "loop", dangling: "nothing"} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		name    string
		options map[string]any
	}{
		{"in use", map[string]any{"port": p.Taken, "host": "127.0.0.1"}},
		{"in use, unspecified", map[string]any{"port": p.Taken}},
		{"no address of this machine", map[string]any{"port": p.Port, "host": "192.0.2.1"}},
		{"no IPv6 address of this machine", map[string]any{"port": p.Port, "host": "2001:db8::1"}},
		{"no folder", map[string]any{"path": filepath.Join(p.Folder, "none", "socket")}},
		{"no folder, for all", map[string]any{"path": filepath.Join(p.Folder, "none", "socket"), "readableAll": true, "writableAll": true}},
		{"file at the path", map[string]any{"path": file}},
		{"file for a folder", map[string]any{"path": filepath.Join(file, "socket")}},
		{"folder at the path", map[string]any{"path": p.Folder}},
		{"root", map[string]any{"path": "/"}},
		{"link to itself for a folder", map[string]any{"path": filepath.Join(loop, "socket")}},
		{"link at the path", map[string]any{"path": dangling}},
		{"folder without room for files", map[string]any{"path": "/proc/socket"}},
		{"closed descriptor", map[string]any{"fd": 12345}},
	}
	var all []failed
	for _, c := range cases {
		all = append(all, failed{c.name, clustertest.AskAgent(t, d, 1, clustertest.Command{"do": "listen", "options": c.options})})
	}
	for _, name := range []string{file, loop, dangling} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	again := clustertest.AskAgent(t, d, 1, clustertest.Command{"do": "listen", "options": map[string]any{"path": file}})
	clustertest.AskAgent(t, d, 1, clustertest.Command{"do": "close"})
	return append(all, failed{"once it is free", again})
}
