package limits

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A group is a control group. Which files it has depends on its version and its controllers; what is in a file that it does not have is 0.
type group struct {
	root   fs.FS
	folder string
}

// quota is how many CPUs' time the group by itself gets, 0 if there is no quota.
func (g group) quota() float64 {
	quota, period := g.pair("cpu.max")
	if quota == 0 {
		quota, _ = g.pair("cpu.cfs_quota_us")
		period, _ = g.pair("cpu.cfs_period_us")
	}
	if quota <= 0 || period <= 0 {
		return 0
	}
	return float64(quota) / float64(period)
}

// memory is how many bytes the group by itself may use, 0 if there is no limit.
func (g group) memory() (limit int64) {
	for _, file := range []string{"memory.max", "memory.high", "memory.limit_in_bytes"} {
		if bytes, _ := g.pair(file); bytes > 0 {
			limit = least(limit, bytes)
		}
	}
	return limit
}

// pair are the first two numbers in a file; a word such as max is 0.
func (g group) pair(file string) (first, second int64) {
	fields := append(strings.Fields(text(g.root, path.Join(g.folder, file))), "", "")
	return number(fields[0]), number(fields[1])
}

// text is what a file contains, nothing if it cannot be read.
func text(root fs.FS, file string) string {
	content, err := fs.ReadFile(root, file)
	if err != nil {
		return ""
	}
	return string(content)
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// groupsIn are the groups of the process that may limit its CPUs or its memory, and those above them, as far as the mounted folders
// show them: a container sees no group above its own.
func groupsIn(root fs.FS) (groups []group) {
	mounts := mountsIn(root)
	for line := range strings.Lines(text(root, "proc/self/cgroup")) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) < 3 || !mayLimit(fields[1]) {
			continue
		}
		for _, folder := range foldersOf(fields[1], fields[2], mounts) {
			groups = append(groups, group{root, folder})
		}
	}
	return groups
}

// mayLimit reports whether groups with these controllers may limit CPUs or memory. Version 2 names none.
func mayLimit(controllers string) bool {
	names := strings.Split(controllers, ",")
	return controllers == "" || slices.Contains(names, "cpu") || slices.Contains(names, "memory")
}

// foldersOf are the folders of a group and of those above it. If no mount has the group in it, as after the process was moved out of
// the part that its container sees, they are what the mounts begin with.
func foldersOf(controllers, name string, mounts []mount) (folders []string) {
	var tops []string
	for _, m := range mounts {
		if !m.has(controllers) {
			continue
		}
		tops = append(tops, m.folder)
		below, ok := m.below(name)
		for ok {
			folders = append(folders, path.Join(m.folder, below))
			ok = below != "/"
			below = path.Dir(below)
		}
	}
	if folders == nil {
		return tops
	}
	return folders
}
