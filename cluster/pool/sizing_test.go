package pool

import (
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
)

// A pool that is not told its number of workers takes it from the limits, and leaves room for those of other programs. Those of Node share
// the memory.
func TestSizing(t *testing.T) {
	const memoryReason = "the memory limit is 1024 MiB, of which a worker needs "
	node, shell := cluster.Settings{Runtime: cluster.RuntimeNode}, cluster.Settings{ExecPath: "/bin/sh"}
	told := cluster.Settings{Runtime: cluster.RuntimeNode, ExecArgv: []string{"--max-old-space-size=99"}}
	others := []Program{{Settings: shell}, {Instances: 2, Settings: shell}}
	of := limits.Limits{CPUs: 8, Quota: 6.5, Memory: 1 << 30}
	for _, c := range []struct {
		name     string
		settings cluster.Settings
		options  Options
		limits   limits.Limits
		want     Sizing
	}{
		{"a number", node, Options{Instances: 9}, of, Sizing{9, "", 74}},
		{"no limits", node, Options{}, limits.Limits{CPUs: 8}, Sizing{8, "there are 8 CPUs to run on", 0}},
		{"the default need", node, Options{}, of, Sizing{5, memoryReason + "160", 133}},
		{"beside others", node, Options{Programs: others}, of, Sizing{2, memoryReason + "160", 133}},
		{"a small need", node, Options{WorkerMemory: 50 << 20}, of, Sizing{6, "the CPU quota is 6.5", 111}},
		{"a great need", node, Options{WorkerMemory: 1 << 40}, of, Sizing{1, memoryReason + "1048576", 668}},
		{"as many as there may be", node, Options{Autoscale: Autoscale{Min: 1, Max: 9}}, of, Sizing{1, "", 74}},
		{"no Node", shell, Options{}, of, Sizing{5, memoryReason + "160", 0}},
		{"a Node beside others", shell, Options{Programs: []Program{{Settings: node}}}, of, Sizing{4, memoryReason + "160", 133}},
		{"a heap that is set", told, Options{}, of, Sizing{5, memoryReason + "160", 0}},
	} {
		if err := c.options.complete(); err != nil {
			t.Fatal(err)
		}
		settings := []cluster.Settings{c.settings}
		for _, program := range c.options.Programs {
			settings = append(settings, program.Settings)
		}
		if got := c.options.size(settings, c.limits); *got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, *got, c.want)
		}
	}
}
