// Package nodejs tells of settings whether they are those of a worker that runs on Node, as far as they and the names of programs tell.
package nodejs

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
)

// names are what Node is called where it is installed, such as node, nodejs, node20 or node-v22.3.0.
var names = regexp.MustCompile(`^node(js)?(-?v?[0-9.]+)?(\.exe)?$`)

// IsNode reports whether what is started is Node itself, so that it takes Node's arguments. Others refuse arguments that they do not know.
func IsNode(s *cluster.Settings) bool {
	if s.Runtime != "" {
		return s.Runtime == cluster.RuntimeNode
	}
	path := programOf(s)
	return path != "" && isCalledNode(path)
}

// RunsOnNode reports whether a worker is Node, or a script that names Node in its first line: there Node takes no arguments, but does read
// its environment.
func RunsOnNode(s *cluster.Settings) bool {
	if s.Runtime != "" {
		return s.Runtime == cluster.RuntimeNode
	}
	path := programOf(s)
	return path != "" && (isCalledNode(path) || isNodeScript(path))
}

// Options returns the NODE_OPTIONS that a worker has of its settings or of this process, and whether it has any.
func Options(s *cluster.Settings) (value string, isSet bool) {
	for _, variable := range slices.Backward(slices.Concat(os.Environ(), s.Env)) {
		if value, isSet = strings.CutPrefix(variable, "NODE_OPTIONS="); isSet {
			return value, true
		}
	}
	return "", false
}

// programOf is the path of what is started, "" if it is not there.
func programOf(s *cluster.Settings) string {
	path := s.ExecPath
	if path == "" {
		path = "node"
	}
	if strings.ContainsRune(path, filepath.Separator) && !filepath.IsAbs(path) {
		path = filepath.Join(s.Cwd, path)
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return ""
	}
	return found
}

// isCalledNode reports whether a program has one of Node's names, here or where a link leads. Others may be called node by a link: Bun
// offers that.
func isCalledNode(path string) bool {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	switch strings.TrimSuffix(filepath.Base(target), ".exe") {
	case "bun", "deno":
		return false
	}
	return names.MatchString(filepath.Base(path)) || names.MatchString(filepath.Base(target))
}

// maxShebang is how long the first line of a script is that Linux looks at.
const maxShebang = 256

// isNodeScript reports whether a file is a script that names Node in its first line, as "#!/usr/bin/env node" or
// "#!/usr/bin/env -S node --enable-source-maps".
func isNodeScript(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	line, err := bufio.NewReader(io.LimitReader(file, maxShebang)).ReadString('\n')
	command, isScript := strings.CutPrefix(line, "#!")
	return err == nil && isScript && slices.ContainsFunc(strings.Fields(command), func(word string) bool {
		return names.MatchString(filepath.Base(word))
	})
}
