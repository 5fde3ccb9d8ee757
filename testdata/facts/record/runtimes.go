//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// runtimeBinary is a JavaScript runtime and the arguments that come before a script.
type runtimeBinary struct {
	name string
	path string
	args []string
}

func (r runtimeBinary) isNode() bool { return strings.HasPrefix(r.name, "node") }

// findRuntimes lists the runtimes of a cache folder: <folder>/<name>/bin/<node|bun|deno>.
func findRuntimes(folder string) ([]runtimeBinary, error) {
	var found []runtimeBinary
	for _, binary := range []string{"node", "bun", "deno"} {
		paths, err := filepath.Glob(filepath.Join(folder, "*", "bin", binary))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			rt := runtimeBinary{name: filepath.Base(filepath.Dir(filepath.Dir(path))), path: path}
			if binary == "deno" {
				rt.args = []string{"run", "-A", "--quiet"}
			}
			found = append(found, rt)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no runtimes in %s: run scripts/runtimes", folder)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].name < found[j].name })
	return found, nil
}

func runtimesFolder() (string, error) {
	if dir := os.Getenv("RUNTIMES_DIR"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("NODECLUSTER_CACHE"); dir != "" {
		return filepath.Join(dir, "runtimes"), nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "nodecluster", "runtimes"), err
}
