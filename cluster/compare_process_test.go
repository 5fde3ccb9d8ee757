//go:build unix

package cluster_test

import (
	"encoding/json"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
)

const comparedVariable = "CLUSTER_TEST_VARIABLE"

var (
	comparedArgs     = []string{"--an", "argument", "with space"}
	comparedExecArgv = []string{"--no-deprecation"}
)

// lookAround is what a worker sees of its own process.
func lookAround(t *testing.T, d clustertest.Driver, _ clustertest.Place) any {
	var seen map[string]any
	raw := clustertest.AskRaw(t, d, 2, clustertest.Command{"do": "process", "env": []string{comparedVariable, "PATH", "PWD", "NODE_ENV"}})
	if err := json.Unmarshal(raw, &seen); err != nil {
		t.Fatal(err)
	}
	delete(seen, "n")
	return seen
}
