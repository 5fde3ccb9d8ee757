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
func listenInVain(t *testing.T, d clustertest.Driver, p place) any {
	file := filepath.Join(p.folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name    string
		options map[string]any
	}{
		{"in use", map[string]any{"port": p.taken, "host": "127.0.0.1"}},
		{"in use, unspecified", map[string]any{"port": p.taken}},
		{"no address of this machine", map[string]any{"port": p.port, "host": "192.0.2.1"}},
		{"no IPv6 address of this machine", map[string]any{"port": p.port, "host": "2001:db8::1"}},
		{"no folder", map[string]any{"path": filepath.Join(p.folder, "none", "socket")}},
		{"file at the path", map[string]any{"path": file}},
		{"closed descriptor", map[string]any{"fd": 12345}},
	}
	var all []failed
	for _, c := range cases {
		all = append(all, failed{c.name, clustertest.AskAgent(t, d, 1, clustertest.Command{"do": "listen", "options": c.options})})
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	again := clustertest.AskAgent(t, d, 1, clustertest.Command{"do": "listen", "options": map[string]any{"path": file}})
	clustertest.AskAgent(t, d, 1, clustertest.Command{"do": "close"})
	return append(all, failed{"once it is free", again})
}
