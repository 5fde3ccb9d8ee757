package limits

import (
	"io/fs"
	"os"
	"path"
	"strings"
)

// Pressure is how much of a memory limit is in use by what the kernel gets back only by ending processes, or by swapping: the memory of
// processes and what they share (tmpfs too). The page cache is not in it, which fills any limit and is given up at once.
type Pressure struct {
	Used, Limit int64 // in bytes
}

// Fraction is how much of the limit is used, 0 if there is none.
func (p Pressure) Fraction() float64 {
	if p.Limit == 0 {
		return 0
	}
	return float64(p.Used) / float64(p.Limit)
}

// ReadPressure returns the pressure of the group that is closest to its limit, of that of this process and those above it; the zero value
// if none has a limit. Everything in a group counts, and not this process and its children alone. It takes as long as [Read].
func ReadPressure() Pressure { return readPressure(os.DirFS("/")) }

func readPressure(root fs.FS) (closest Pressure) {
	for _, g := range groupsIn(root) {
		limit := g.memory()
		if limit == 0 || belowMachine(root, limit) == 0 {
			continue
		}
		if p := (Pressure{g.used(), limit}); closest.Limit == 0 || p.Fraction() > closest.Fraction() {
			closest = p
		}
	}
	return closest
}

// used is how many bytes are in use in the group and in those below it.
func (g group) used() int64 {
	stat := map[string]int64{}
	for line := range strings.Lines(text(g.root, path.Join(g.folder, "memory.stat"))) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		stat[name] = number(value)
	}
	// Version 1 has other names, and counts the groups below apart.
	if rss, ok := stat["total_rss"]; ok {
		return rss + stat["total_shmem"]
	}
	return stat["anon"] + stat["shmem"]
}
