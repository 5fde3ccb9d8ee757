package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// takesBoth reports whether a worker takes connections both from a listening socket that it is given and from the primary.
// Deno says that it listens on such a socket, and never looks at it. Bun accepts from it, but then loses the connections that
// the primary hands out.
func takesBoth(pid int) bool {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return true
	}
	return !slices.ContainsFunc([]string{"deno", "bun"}, func(name string) bool { return strings.HasPrefix(filepath.Base(path), name) })
}
