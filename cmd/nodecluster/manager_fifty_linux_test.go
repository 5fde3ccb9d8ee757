package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Fifty applications are listed at once, and what keeps each is small.
func TestFiftyApplications(t *testing.T) {
	if !nodetest.All() || nodetest.RaceDetector {
		t.Skip("measures memory, of which the race detector takes more: scripts/test --all does it without that")
	}
	const apps, lists, maxMemory = 50, 20, 15 << 20
	m := newManager(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "app.js"), []byte(`require('http').createServer().listen(0)`), 0o644); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	fmt.Fprintln(&text, "apps:")
	for i := range apps {
		fmt.Fprintf(&text, "  - {name: app-%d, script: app.js, instances: 1}\n", i)
	}
	file := writeApps(t, folder, text.String())
	if r := m.sh(":", "start", file); r.status != 0 {
		t.Fatalf("start ends with %d and %s", r.status, r.stderr)
	}
	var supervisors []int
	for _, a := range m.apps() {
		if a.State != control.Online {
			t.Errorf("%s is %s: %s", a.Name, a.State, a.Reason)
			continue
		}
		supervisors = append(supervisors, a.Supervisor.Pid)
	}
	shortest, before := time.Hour, cpuTime(t, supervisors)
	for range lists {
		begun := time.Now()
		m.do("ls")
		shortest = min(shortest, time.Since(begun))
	}
	used := (cpuTime(t, supervisors) - before) / lists
	var largest, resident int64
	for _, a := range m.apps() {
		largest, resident = max(largest, proportionalMemory(t, a.Supervisor.Pid)), max(resident, a.Supervisor.Memory)
	}
	t.Logf("ls takes %v, and %v of CPU in all; a supervisor has up to %.1f MiB, %.1f with all of the program that is common to them",
		shortest.Round(time.Millisecond), used.Round(time.Millisecond), float64(largest)/(1<<20), float64(resident)/(1<<20))
	if largest > maxMemory {
		t.Errorf("want at most %d MiB", maxMemory>>20)
	}
}

// proportionalMemory is what a process has of the memory in bytes, with its share of what several have: the program itself.
func proportionalMemory(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(procFile(pid, "smaps_rollup"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("\nPss:"))
	var kilobytes int64
	if _, err := fmt.Sscan(string(text), &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// cpuTime is what these processes, and those that this one has started and that have ended, have used of the CPUs.
func cpuTime(t *testing.T, pids []int) time.Duration {
	t.Helper()
	var children syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children); err != nil {
		t.Fatal(err)
	}
	all := time.Duration(children.Utime.Nano() + children.Stime.Nano())
	for _, pid := range pids {
		text, err := os.ReadFile(procFile(pid, "stat"))
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		for _, ticks := range fields[11:13] { // utime and stime
			n, err := strconv.Atoi(ticks)
			if err != nil {
				t.Fatal(err)
			}
			all += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return all
}
