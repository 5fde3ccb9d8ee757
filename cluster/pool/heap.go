package pool

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/nodejs"
)

// withHeap gives a worker that is a Node so many MiB of heap, unless its settings or NODE_OPTIONS say how much it has, or size is 0. By
// itself each Node takes its heap from the whole memory limit, as if it were alone.
func withHeap(s cluster.Settings, size int) cluster.Settings {
	if size > 0 && needsHeap(s) {
		s.ExecArgv = append([]string{"--max-old-space-size=" + strconv.Itoa(size)}, s.ExecArgv...)
	}
	return s
}

// needsHeap reports whether a worker is a Node of which nobody has said how much heap it has.
func needsHeap(s cluster.Settings) bool { return nodejs.IsNode(&s) && !saysHeap(s) }

// saysHeap reports whether the user has said how much heap a Node has.
func saysHeap(s cluster.Settings) bool {
	args := slices.Concat(s.ExecArgv, nodeOptions(s))
	if s.Exec == "" {
		args = append(args, s.Args...) // with the script among them
	}
	return slices.ContainsFunc(args, func(arg string) bool {
		arg = strings.ReplaceAll(arg, "_", "-")
		return strings.HasPrefix(arg, "--max-old-space-size") || strings.HasPrefix(arg, "--max-heap-size")
	})
}

// nodeOptions are the arguments in a worker's NODE_OPTIONS. Quotes are no matter where only names are looked for.
func nodeOptions(s cluster.Settings) []string {
	value, _ := nodejs.Options(&s)
	return strings.Fields(strings.ReplaceAll(value, `"`, ""))
}
