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
)

// poll waits for what no event tells of.
func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	late := time.After(patience)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// expectNoProcess fails the test if there are processes with a variable in their environment, and kills them.
func expectNoProcess(t *testing.T, variable string) {
	t.Helper()
	wait := patience
	if t.Failed() {
		wait = time.Second // what then is left is rather one more consequence
	}
	late := time.After(wait)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		left := processesWith(variable)
		if len(left) == 0 {
			return
		}
		select {
		case <-again.C:
		case <-late:
			for _, pid := range left {
				t.Errorf("process %d is left behind: %s", pid, commandLine(pid))
				syscall.Kill(pid, syscall.SIGKILL)
			}
			return
		}
	}
}

func processesWith(variable string) (pids []int) {
	for _, pid := range allProcesses() {
		environ, err := os.ReadFile(procFile(pid, "environ"))
		if err == nil && bytes.Contains(environ, []byte(variable)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func allProcesses() (pids []int) {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		if pid, err := strconv.Atoi(filepath.Base(folder)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func procFile(pid int, name string) string { return fmt.Sprintf("/proc/%d/%s", pid, name) }

func commandLine(pid int) string {
	line, _ := os.ReadFile(procFile(pid, "cmdline"))
	return string(bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
}

// processState gives the state and the parent of a process, "" when there is no such process.
func processState(pid int) (state string, parent int) {
	stat, err := os.ReadFile(procFile(pid, "stat"))
	if err != nil {
		return "", 0
	}
	// The name before it may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}

// isGone reports whether a process has ended, although perhaps nobody has reaped it yet.
func isGone(pid int) bool {
	state, _ := processState(pid)
	return state == "" || state == "Z" || state == "X"
}

func childrenOf(pid int) (children []int) {
	for _, candidate := range allProcesses() {
		if _, parent := processState(candidate); parent == pid {
			children = append(children, candidate)
		}
	}
	return children
}
