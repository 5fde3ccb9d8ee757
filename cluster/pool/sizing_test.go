package pool

import (
	"testing"

	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
)

// A pool that is not told its number of workers takes it from the limits, and leaves room for those of other programs.
func TestSizing(t *testing.T) {
	const memoryReason = "the memory limit is 1024 MiB, of which a worker needs "
	others := []Program{{}, {Instances: 2}}
	of := limits.Limits{CPUs: 8, Quota: 6.5, Memory: 1 << 30}
	for _, c := range []struct {
		name    string
		options Options
		limits  limits.Limits
		want    Sizing
	}{
		{"a number", Options{Instances: 9}, of, Sizing{9, ""}},
		{"no limits", Options{}, limits.Limits{CPUs: 8}, Sizing{8, "it may run on 8 CPUs"}},
		{"the default need", Options{}, of, Sizing{5, memoryReason + "160"}},
		{"beside others", Options{Programs: others}, of, Sizing{2, memoryReason + "160"}},
		{"a small need", Options{WorkerMemory: 50 << 20}, of, Sizing{6, "the CPU quota is 6.5"}},
		{"a great need", Options{WorkerMemory: 1 << 40}, of, Sizing{1, memoryReason + "1048576"}},
	} {
		if err := c.options.complete(); err != nil {
			t.Fatal(err)
		}
		if got := c.options.size(c.limits); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
