// Package limits reads what the system allows this process and its children: CPUs and memory, by the affinity of the process and by
// the control groups (cgroups, version 1 and 2) that a container is made of. What cannot be read is no limit.
package limits

import (
	"io/fs"
	"os"
	"strings"
)

// Limits are what this process and its children may use together. They can change at any time.
type Limits struct {
	// CPUs is how many CPUs they may run on. A cpuset is in it.
	CPUs int
	// Quota is how many CPUs' time they get, 0 if as much as there is: the least quota of the group and of those above it.
	Quota float64
	// Memory is how many bytes they may use, 0 if all that the machine has: the least limit of the group and of those above it.
	// The limit from which on a group is slowed down (memory.high) is one too.
	Memory int64
}

// Read returns the limits as they are now. It takes some 0.3 ms, and may be called every few seconds.
func Read() Limits { return read(os.DirFS("/"), cpus()) }

// read reads the limits in a root folder, for a process that may run on so many CPUs.
func read(root fs.FS, cpus int) Limits {
	l := Limits{CPUs: cpus}
	for _, g := range groupsIn(root) {
		l.Quota = least(l.Quota, g.quota())
		l.Memory = least(l.Memory, g.memory())
	}
	l.Memory = belowMachine(root, l.Memory)
	return l
}

// least is the lesser of two limits, of which 0 is none.
func least[T int64 | float64](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// belowMachine is a limit of memory, or 0 if the machine has less: version 1 writes a number beyond all memory where there is no limit.
// The machine's memory that a container is shown may be its limit.
func belowMachine(root fs.FS, limit int64) int64 {
	for line := range strings.Lines(text(root, "proc/meminfo")) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "MemTotal:" && limit > number(fields[1])<<10 {
			return 0
		}
	}
	return limit
}
