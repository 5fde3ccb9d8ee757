package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
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

// heapReporter prints how many MiB of heap it may have, and its arguments.
const heapReporter = `
	const size = require('v8').getHeapStatistics().heap_size_limit / 1048576;
	console.log(JSON.stringify({ size, args: process.execArgv }));
	process.exit();`

// Workers of Node share the memory: the heap of each is three quarters of its part, unless the user says how much it is.
func TestHeapOfAWorker(t *testing.T) {
	group := nodetest.NewCgroup(t, map[string]string{"memory.limit_in_bytes": "512M"})
	script := nodetest.Script(t, "heap.js", heapReporter)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		p := launchContained(t, group, "-i", "2", "--node", node.Path, "--node-args", "--title=x", script)
		p.expectStatus(0)
		const want = 161
		if said := p.events("instances"); len(said) != 1 || said[0].MaxOldSpaceSize != want || said[0].Reason != "" {
			t.Errorf("it is said %+v, want %d MiB", said, want)
		}
		p.expectHeaps(2, want, "--max-old-space-size=161", "--title=x")
	})
	p := launchContained(t, group, "-i", "1", "--node-args", "--max-old-space-size=99", "--mix", "1="+script, script)
	p.expectStatus(0)
	p.expectHeaps(2, 99, "--max-old-space-size=99")
}

// expectHeaps checks what workers have printed. V8 adds the young generation, of 48 MiB at most in such a group.
func (p *program) expectHeaps(workers int, size float64, args ...string) {
	p.t.Helper()
	lines := strings.Split(strings.TrimSuffix(p.stdout.String(), "\n"), "\n")
	if len(lines) != workers {
		p.t.Fatalf("the workers printed %q, want %d lines", lines, workers)
	}
	for _, line := range lines {
		var heap struct {
			Size float64
			Args []string
		}
		if err := json.Unmarshal([]byte(line), &heap); err != nil {
			p.t.Fatalf("a worker printed %q: %v", line, err)
		}
		if heap.Size < size || heap.Size > size+48 || !slices.Equal(heap.Args, args) {
			p.t.Errorf("a worker has %v MiB of heap and arguments %q, want %v and %q", heap.Size, heap.Args, size, args)
		}
	}
}

// Workers whose heaps are full end by themselves. The kernel, which may take others with them, need not end any.
func TestLeakingWorkersEndByThemselves(t *testing.T) {
	script := nodetest.Script(t, "leak.js", `
		const kept = [];
		const leak = () => { kept.push(new Array(1 << 18).fill(0.5)); setImmediate(leak); };
		leak();`)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		group := nodetest.NewCgroup(t, map[string]string{"memory.limit_in_bytes": "320M"})
		p := launchContained(t, group, "-i", "2", "--restart", "never", "--no-memory-guard", "--node", node.Path, script)
		p.expectStatus(1)
		for _, e := range p.events("exit") {
			if e.Signal != "SIGABRT" {
				t.Errorf("worker %d has ended with %s, want SIGABRT", e.Worker, e.Signal)
			}
		}
		if control := group.Read("memory.oom_control"); !strings.Contains(control, "oom_kill 0\n") {
			t.Errorf("the kernel has ended processes: %q", control)
		}
	})
}

// What is no Node starts as without a limit.
func TestNoHeapForOthers(t *testing.T) {
	group := nodetest.NewCgroup(t, map[string]string{"memory.limit_in_bytes": "512M"})
	script := nodetest.Script(t, "started.js", "console.log('started'); process.exit();")
	nodetest.DenoAndBun(t, func(t *testing.T, r nodetest.Runtime) {
		arguments := map[string]string{"deno": "run --no-config --allow-all", "bun": "run"}[r.Name]
		p := launchContained(t, group, "-i", "2", "--node", r.Path, "--node-args", arguments, script)
		p.expectStatus(0)
		if got, want := p.stdout.String(), "started\nstarted\n"; got != want {
			t.Errorf("the workers printed %q, want %q", got, want)
		}
		if said := p.events("instances"); len(said) != 0 {
			t.Errorf("it is said %+v", said)
		}
	})
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
		reason := fmt.Sprintf("there are %d CPUs to run on", n)
		if n == 1 {
			reason = "there is 1 CPU to run on"
		}
		expect(t, launchContained(t, group, "--worker-memory", strconv.Itoa(800/n)+"M", script), n, reason)
	})
	t.Run("text", func(t *testing.T) {
		group := nodetest.NewCgroup(t, map[string]string{"cpu.cfs_quota_us": "50000"})
		p := launchContained(t, group, "--log-format", "text", script)
		p.expectStatus(0)
		if want := "1 worker, as the CPU quota is 0.5"; !strings.HasPrefix(p.stderr.String(), want) {
			t.Errorf("the log does not begin with %q", want)
		}
	})
}

// A quota that changes changes the number of workers, and the log says why. It takes the pause between two readings.
func TestQuotaThatChanges(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("needs two CPUs")
	}
	group := nodetest.NewCgroup(t, map[string]string{"cpu.cfs_quota_us": "150000"})
	cmd := runCommand(t, portVariable(nodetest.FreePort(t)), app(t, "http.js"))
	group.Contain(cmd)
	p := launchCommand(t, cmd)
	p.await("listening", 1)
	group.Write("cpu.cfs_quota_us", "200000")
	p.await("listening", 2)
	said := p.await("instances", 2)[1]
	reason := fmt.Sprintf("there are %d CPUs to run on", runtime.NumCPU())
	if runtime.NumCPU() > 2 {
		reason = "the CPU quota is 2"
	}
	if said.Instances != 2 || said.Reason != reason {
		t.Errorf("it is said %+v, want 2, as %s", said, reason)
	}
	if begun := p.events("scale"); len(begun) != 1 || begun[0].Reason != reason {
		t.Errorf("it is said %+v, want %s", begun, reason)
	}
	p.stop()
}

// The primary needs no rights of root to have its workers ended before it.
func TestOOMScoreWithoutRoot(t *testing.T) {
	script := filepath.Join(filepath.Dir(binary), "stay.js")
	if err := os.WriteFile(script, []byte("process.on('message', () => {});"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := runCommand(t, nil, "-i", "1", "--node", nodeForAll(t), script)
	if os.Getuid() == 0 {
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	p := launchCommand(t, cmd)
	worker := p.await("online", 1)[0].PID
	score := func(pid int) (n int) {
		content, err := os.ReadFile(procFile(pid, "oom_score_adj"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(string(content), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	want := min(score(p.cmd.Process.Pid)+50, 1000)
	poll(t, "the worker's score", func() bool { return score(worker) == want })
	p.stop()
}
