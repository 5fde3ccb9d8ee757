package measure

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clockTick is what /proc counts CPU time in, on every Linux.
const clockTick = 10 * time.Millisecond

// CPU is the time that processes have run so far. One that is gone counts as nothing.
func CPU(pids ...int) (total time.Duration) {
	for _, pid := range pids {
		total += cpuOf(status(pid))
	}
	return total
}

// Activity is what processes have done so far.
type Activity struct {
	Ran      time.Duration // exact, where CPU counts in steps of 10 ms
	Switches int           // how often one of their threads has begun to wait
}

// ActivityOf is the activity of all threads that processes have. What a thread has done that has ended is left out.
func ActivityOf(pids ...int) (all Activity) {
	for _, pid := range pids {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*", pid))
		for _, thread := range threads {
			schedstat, _ := os.ReadFile(filepath.Join(thread, "schedstat"))
			status, _ := os.ReadFile(filepath.Join(thread, "status"))
			all.Ran += ranOf(string(schedstat))
			all.Switches += switchesOf(string(status))
		}
	}
	return all
}

// ranOf is the first number of /proc/PID/schedstat.
func ranOf(schedstat string) time.Duration {
	first, _, _ := strings.Cut(schedstat, " ")
	n, _ := strconv.ParseInt(first, 10, 64)
	return time.Duration(n)
}

// switchesOf is the number of voluntary switches in /proc/PID/status.
func switchesOf(status string) int {
	_, rest, _ := strings.Cut(status, "\nvoluntary_ctxt_switches:")
	number, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.Atoi(strings.TrimSpace(number))
	return n
}

// Memory is what processes have in memory, in bytes. What several of them share counts for each.
func Memory(pids ...int) (total int) {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err == nil {
			total += residentPages(string(text)) * os.Getpagesize()
		}
	}
	return total
}

// ProportionalMemory is what processes have in memory, in bytes, where each of n that share a page has an nth of it.
func ProportionalMemory(pids ...int) (total int) {
	for _, pid := range pids {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		total += proportionalKiB(string(text)) << 10
	}
	return total
}

// Descriptors is how many descriptors a process has open.
func Descriptors(pid int) int {
	open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(open)
}

// Runs reports whether a process has not ended yet.
func Runs(pid int) bool {
	fields := status(pid)
	return len(fields) > 0 && fields[0] != "Z" && fields[0] != "X"
}

// AwaitEnd waits until processes that are no children of ours have ended, and reports whether they have.
func AwaitEnd(pids []int, patience time.Duration) bool {
	for over := time.Now().Add(patience); slices.ContainsFunc(pids, Runs); time.Sleep(pause) {
		if time.Now().After(over) {
			return false
		}
	}
	return true
}

// Children are the processes that a process has started and that have not been waited for.
func Children(parent int) (children []int) {
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if parentOf(status(pid)) == parent {
			children = append(children, pid)
		}
	}
	return children
}

// ChildrenRunning are the children whose first argument is that.
func ChildrenRunning(parent int, argument string) []int {
	return slices.DeleteFunc(Children(parent), func(pid int) bool {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		arguments := strings.Split(string(line), "\x00")
		return len(arguments) < 2 || arguments[1] != argument
	})
}

// status are the fields of /proc/PID/stat from the process's state on, none if it is gone.
func status(pid int) []string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return statusFields(line)
}

// statusFields cuts a line of /proc/PID/stat at the end of the program's name, which may contain anything.
func statusFields(line []byte) []string {
	return strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
}

func cpuOf(status []string) time.Duration {
	const user, system = 11, 12
	if len(status) <= system {
		return 0
	}
	u, _ := strconv.Atoi(status[user])
	s, _ := strconv.Atoi(status[system])
	return time.Duration(u+s) * clockTick
}

func parentOf(status []string) int {
	if len(status) < 2 {
		return 0
	}
	pid, _ := strconv.Atoi(status[1])
	return pid
}

// proportionalKiB is the line Pss of /proc/PID/smaps_rollup.
func proportionalKiB(rollup string) int {
	_, rest, _ := strings.Cut(rollup, "\nPss:")
	number, _, _ := strings.Cut(rest, " kB\n")
	n, _ := strconv.Atoi(strings.TrimSpace(number))
	return n
}

// residentPages is the second number of /proc/PID/statm.
func residentPages(statm string) int {
	fields := strings.Fields(statm)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return pages
}
