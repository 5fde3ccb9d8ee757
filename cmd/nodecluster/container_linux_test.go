package main

import (
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// launchContained starts the program in a control group.
func launchContained(t *testing.T, group *nodetest.Cgroup, args ...string) *program {
	t.Helper()
	cmd := runCommand(t, nil, args...)
	group.Contain(cmd)
	return launchCommand(t, cmd)
}

// Without a number there are as many workers as the limits allow, and the log says which limit it was.
func TestAutomaticInstances(t *testing.T) {
	script := nodetest.Script(t, "nothing.js", done)
	expect := func(t *testing.T, p *program, want int, reason string) {
		t.Helper()
		p.expectStatus(0)
		if n := len(p.events("fork")); n != want {
			t.Errorf("%d workers, want %d", n, want)
		}
		if said := p.events("instances"); len(said) != 1 || said[0].Instances != want || said[0].Reason != reason || said[0].Level != "INFO" {
			t.Errorf("it is said %+v, want %d, as %s", said, want, reason)
		}
	}
	t.Run("quota", func(t *testing.T) {
		group := nodetest.NewCgroup(t, map[string]string{"cpu.cfs_quota_us": "50000"})
		for _, args := range [][]string{{script}, {"-i", "auto", script}, {"-i", "max", script}} {
			expect(t, launchContained(t, group, args...), 1, "the CPU quota is 0.5")
		}
	})
	t.Run("memory", func(t *testing.T) {
		group := nodetest.NewCgroup(t, map[string]string{"memory.limit_in_bytes": "1G"})
		expect(t, launchContained(t, group, "--worker-memory", "600M", script), 1, "the memory limit is 1024 MiB, of which a worker needs 600")
		n := runtime.NumCPU()
		reason := "it may run on " + plural(n, "CPU", "CPUs")
		expect(t, launchContained(t, group, "--worker-memory", strconv.Itoa(800/n)+"M", script), n, reason)
	})
	t.Run("text", func(t *testing.T) {
		group := nodetest.NewCgroup(t, map[string]string{"cpu.cfs_quota_us": "50000"})
		p := launchContained(t, group, "--log-format", "text", script)
		p.expectStatus(0)
		if want := "1 worker, as the CPU quota is 0.5\n"; !strings.HasPrefix(p.stderr.String(), want) {
			t.Errorf("the log does not begin with %q", want)
		}
	})
}
