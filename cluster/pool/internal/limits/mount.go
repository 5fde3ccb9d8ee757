package limits

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A mount is a folder with control groups in it.
type mount struct {
	controllers []string // of version 1; none for version 2
	top         string   // the name of the group that the folder begins with
	folder      string   // without the slash in front
}

// mountsIn are the mounts of control groups that the process sees.
func mountsIn(root fs.FS) (mounts []mount) {
	for line := range strings.Lines(text(root, "proc/self/mountinfo")) {
		// The fields after the fourth of the first half are optional, so that a dash ends it.
		first, second, _ := strings.Cut(line, " - ")
		where, what := strings.Fields(first), strings.Fields(second)
		if len(where) < 5 || len(what) < 3 || what[0] != "cgroup" && what[0] != "cgroup2" {
			continue
		}
		m := mount{top: unescape(where[3]), folder: strings.TrimPrefix(path.Clean(unescape(where[4])), "/")}
		if what[0] == "cgroup" {
			m.controllers = strings.Split(what[2], ",")
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// unescape gives a path as it is. The kernel writes what would end a field in octal digits.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace

// has reports whether the groups of a hierarchy are in the folder. The hierarchy of version 2 names no controllers.
func (m mount) has(controllers string) bool {
	if controllers == "" {
		return m.controllers == nil
	}
	for _, c := range strings.Split(controllers, ",") {
		if !slices.Contains(m.controllers, c) {
			return false
		}
	}
	return true
}

// below is where in the folder a group is, with a slash in front. ok reports whether it is there. One with dots in its name is outside of
// what the process's namespace has.
func (m mount) below(name string) (below string, ok bool) {
	if strings.HasPrefix(name, "/..") || strings.HasPrefix(m.top, "/..") {
		return "", false
	}
	below, ok = strings.CutPrefix(name, strings.TrimSuffix(m.top, "/"))
	return path.Clean("/" + below), ok && (below == "" || below[0] == '/')
}
