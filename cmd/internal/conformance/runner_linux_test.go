package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// newTestRunner makes a runner with a suite of these tests, by their names.
func newTestRunner(t *testing.T, tests map[string]string) *runner {
	t.Helper()
	suite, root := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(suite, "common", "index.js"), "")
	for name, source := range tests {
		write(filepath.Join(suite, name), source)
	}
	write(filepath.Join(root, "testdata", "conformance", "not-applicable.txt"),
		"# why\nproxy parallel/test-cluster-excluded.js cannot apply\n")
	o, err := parseOptions([]string{
		"--suite", suite, "--node", nodetest.Default(t).Path, "--root", root, "--cache", t.TempDir(), "--timeout", "30s",
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRunner(o, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// runTests runs the tests in a rig that adds env, and gives the lines of the report without what failing tests wrote.
func runTests(t *testing.T, r *runner, env ...string) (lines []string, all *report) {
	t.Helper()
	return runRig(t, r, nil, env)
}

// runRig is runTests in a rig of several settings, and in which Go may have no part in some tests.
func runRig(t *testing.T, r *runner, without func(*test) bool, envs ...[]string) (lines []string, all *report) {
	t.Helper()
	all = &report{}
	counting := &rig{name: "proxy", about: []about{aboutClusters}, how: "counted", without: without, part: "x", each: "x"}
	for _, env := range envs {
		counting.settings = append(counting.settings, func(p place) (setting, error) {
			log := filepath.Join(p.folder, "log")
			return setting{command: []string{r.node}, log: log, env: append(slices.Clip(env), "LOG="+log)}, nil
		})
	}
	if err := r.run(context.Background(), all, counting); err != nil {
		t.Error(err)
	}
	for _, result := range all.Results {
		lines = append(lines, result.String())
	}
	return lines, all
}

// logging is the beginning of a test that has something to do with Go.
const logging = `if (process.env.LOG) require('fs').writeFileSync(process.env.LOG, 'xx');`

func TestOutcomes(t *testing.T) {
	r := newTestRunner(t, map[string]string{
		"parallel/test-cluster-alone.js":    ``,
		"parallel/test-cluster-broken.js":   `throw new Error('on plain Node');`,
		"parallel/test-cluster-excluded.js": logging,
		"parallel/test-cluster-fails.js":    logging + `if (process.env.LOG) throw new TypeError('in the rig');`,
		"parallel/test-cluster-flags.js":    "// Flags: --expose-gc\n//  Flags: --none\n" + logging + `gc();`,
		"parallel/test-cluster-killed.js":   logging + `if (process.env.LOG) process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 9);`,
		"parallel/test-cluster-skips.js":    logging + `console.log('1..0 # Skipped: not here');`,
		"parallel/test-net-within.js":       logging + `require('cluster');`,
		"parallel/test-other.js":            logging,
		"sequential/test-cluster-last.js":   logging + `if (process.env.TEST_PARALLEL !== '0') throw new Error('beside others');`,
	})
	got, all := runTests(t, r)
	want := []string{
		"not ok  proxy  parallel/test-cluster-alone.js  Go had no part in it  0 counted",
		"skip  proxy  parallel/test-cluster-broken.js  fails on plain Node: exit status 1: Error: on plain Node",
		"skip  proxy  parallel/test-cluster-excluded.js  cannot apply",
		"not ok  proxy  parallel/test-cluster-fails.js  exit status 1: TypeError: in the rig  2 counted",
		"ok  proxy  parallel/test-cluster-flags.js  2 counted",
		"not ok  proxy  parallel/test-cluster-killed.js  signal: terminated  2 counted",
		"skip  proxy  parallel/test-cluster-skips.js  skips itself: not here",
		"ok  proxy  parallel/test-net-within.js  2 counted",
		"ok  proxy  sequential/test-cluster-last.js  2 counted",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the report is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if all.Passed != 3 || all.Failed != 3 || all.Skipped != 3 {
		t.Errorf("%d passed, %d failed, %d skipped", all.Passed, all.Failed, all.Skipped)
	}
}

// A test that forks workers has not passed without Go, and one that forks none may.
func TestTestsThatForkNothing(t *testing.T) {
	r := newTestRunner(t, map[string]string{
		"parallel/test-cluster-child.js":  `const { fork } = require('child_process'); if (!fork) fork();`,
		"parallel/test-cluster-fails.js":  `if (process.env.LOG) throw new TypeError('in the rig'); require('cluster');`,
		"parallel/test-cluster-forks.js":  `const cluster = require('node:cluster'); if (!cluster) cluster.fork();`,
		"parallel/test-cluster-setup.js":  `require('cluster').setupPrimary();`,
		"parallel/test-http-forks.js":     `const fork = require('cluster').fork; if (!fork) fork();`,
		"parallel/test-cluster-served.js": logging + `const cluster = require('cluster'); if (!cluster) cluster.fork();`,
	})
	got, _ := runRig(t, r, func(t *test) bool { return !t.forksWorkers() }, nil)
	want := []string{
		"ok  proxy  parallel/test-cluster-child.js  0 counted",
		"not ok  proxy  parallel/test-cluster-fails.js  exit status 1: TypeError: in the rig  0 counted",
		"not ok  proxy  parallel/test-cluster-forks.js  Go had no part in it  0 counted",
		"ok  proxy  parallel/test-cluster-served.js  2 counted",
		"ok  proxy  parallel/test-cluster-setup.js  0 counted",
		"not ok  proxy  parallel/test-http-forks.js  Go had no part in it  0 counted",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the report is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A test in which Go had no part has a further try, and one that fails has none.
func TestFurtherSetting(t *testing.T) {
	r := newTestRunner(t, map[string]string{
		"parallel/test-cluster-fails.js":  `if (process.env.LOG && !process.env.SECOND) throw new TypeError('at first');`,
		"parallel/test-cluster-first.js":  logging + `if (process.env.SECOND) throw new Error('twice');`,
		"parallel/test-cluster-never.js":  ``,
		"parallel/test-cluster-second.js": `if (process.env.SECOND) {` + logging + `}`,
	})
	got, _ := runRig(t, r, nil, nil, []string{"SECOND=1"})
	want := []string{
		"not ok  proxy  parallel/test-cluster-fails.js  exit status 1: TypeError: at first  0 counted",
		"ok  proxy  parallel/test-cluster-first.js  2 counted",
		"not ok  proxy  parallel/test-cluster-never.js  Go had no part in it  0 counted",
		"ok  proxy  parallel/test-cluster-second.js  2 counted",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the report is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What passes on plain Node need not run there again, and what fails does.
func TestPlainNodeIsRemembered(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	t.Setenv("COUNT", count)
	counting := `if (!process.env.LOG) require('fs').appendFileSync(process.env.COUNT, process.argv[1].at(-4));` + logging
	r := newTestRunner(t, map[string]string{
		"parallel/test-cluster-p.js": counting,
		"parallel/test-cluster-f.js": counting + `process.exit(1);`,
	})
	r.jobs = 1
	first, _ := runTests(t, r)
	second, _ := runTests(t, r)
	if !slices.Equal(first, second) {
		t.Errorf("first %q, then %q", first, second)
	}
	if text, _ := os.ReadFile(count); string(text) != "fpf" {
		t.Errorf("on plain Node ran %q, want fpf", text)
	}
}

// Nothing is left of a test that takes too long, whatever groups its processes have made.
func TestTimeLimit(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	t.Setenv("PIDS", pids)
	r := newTestRunner(t, map[string]string{"parallel/test-cluster-hangs.js": logging + `
		if (!process.env.LOG) process.exit();
		const { spawn } = require('child_process');
		const child = spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' });
		require('fs').writeFileSync(process.env.PIDS, process.pid + ' ' + child.pid);
		setInterval(() => {}, 1000);`})
	var got []string
	var text []byte
	// On a busy machine the time may be over before the test has come to hang.
	for r.timeout = time.Second; len(text) == 0 && r.timeout < nodetest.Patience; r.timeout *= 4 {
		got, _ = runTests(t, r)
		text, _ = os.ReadFile(pids)
	}
	want := fmt.Sprintf("not ok  proxy  parallel/test-cluster-hangs.js  still running after %v  2 counted", r.timeout/4)
	if len(got) != 1 || got[0] != want {
		t.Errorf("the report is %q, want %q", got, want)
	}
	fields := strings.Fields(string(text))
	if len(fields) != 2 {
		t.Fatalf("the test's processes are %q, want two", text)
	}
	for _, field := range fields {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(nodetest.Patience); isRunning(pid); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d still runs", pid)
			}
		}
	}
}

// isRunning reports whether a process is there and not only waits to be reaped by the process that inherited it.
func isRunning(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return syscall.Kill(pid, 0) == nil && err == nil && !strings.Contains(string(status), "State:\tZ")
}

// Tests that run alone are alone on the machine, and not only in their run.
func TestRunsOfTestsThatRunAloneDoNotMeet(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	t.Setenv("FILE", file)
	r := newTestRunner(t, map[string]string{"sequential/test-cluster-alone.js": logging + `
		const { appendFileSync } = require('fs');
		appendFileSync(process.env.FILE, 'b');
		setTimeout(() => appendFileSync(process.env.FILE, 'e'), 500);`})
	other := *r.options
	second, err := newRunner(&other, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var runs sync.WaitGroup
	for _, r := range []*runner{r, second} {
		runs.Go(func() {
			if lines, _ := runTests(t, r); len(lines) != 1 || !strings.HasPrefix(lines[0], "ok") {
				t.Errorf("the report is %q", lines)
			}
		})
	}
	runs.Wait()
	text, err := os.ReadFile(file)
	if rest := strings.ReplaceAll(string(text), "be", ""); err != nil || len(text) == 0 || rest != "" {
		t.Errorf("the tests began and ended in the order %q, %v", text, err)
	}
}
