//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is what /proc counts CPU time in, on every Linux.
const clockTick = 10 * time.Millisecond

// status are the fields of a process in /proc from its state on.
func status(pid int) []string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, fields, _ := strings.Cut(string(line), ") ")
	return strings.Fields(fields)
}

// cpu is the time that processes have run so far.
func cpu(pids ...int) (total time.Duration) {
	for _, pid := range pids {
		if fields := status(pid); len(fields) > 12 {
			user, _ := strconv.Atoi(fields[11])
			system, _ := strconv.Atoi(fields[12])
			total += time.Duration(user+system) * clockTick
		}
	}
	return total
}

// awaitChildren waits until a process has as many children.
func awaitChildren(parent, n int) ([]int, error) {
	var children []int
	for over := time.Now().Add(patience); time.Now().Before(over); time.Sleep(20 * time.Millisecond) {
		if children = childrenOf(parent); len(children) == n {
			return children, nil
		}
	}
	return nil, fmt.Errorf("%d workers run where there should be %d", len(children), n)
}

func childrenOf(parent int) (children []int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if fields := status(pid); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			children = append(children, pid)
		}
	}
	return children
}
