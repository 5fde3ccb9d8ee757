package pool

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
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
func needsHeap(s cluster.Settings) bool { return runsNode(s) && !saysHeap(s) }

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
	for _, variable := range slices.Backward(slices.Concat(os.Environ(), s.Env)) {
		if value, ok := strings.CutPrefix(variable, "NODE_OPTIONS="); ok {
			return strings.Fields(strings.ReplaceAll(value, `"`, ""))
		}
	}
	return nil
}

// nodeNames are what Node is called where it is installed, such as node, nodejs or node-22.
var nodeNames = regexp.MustCompile(`^node(js)?[-0-9.]*(\.exe)?$`)

// runsNode reports whether a worker is a Node, as far as the settings or the program's name say it: others refuse arguments that they do
// not know.
func runsNode(s cluster.Settings) bool {
	if s.Runtime != "" {
		return s.Runtime == cluster.RuntimeNode
	}
	name := s.ExecPath
	if name == "" {
		name = "node"
	}
	path, err := exec.LookPath(name)
	if err != nil || !nodeNames.MatchString(filepath.Base(path)) {
		return false
	}
	// Others may be called node too, by a link: Bun offers that.
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	switch strings.TrimSuffix(filepath.Base(target), ".exe") {
	case "bun", "deno":
		return false
	}
	return true
}
