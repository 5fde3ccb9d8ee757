package drain

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
)

// nodeName are the names of Node's executable: node, nodejs, node20, node-v20.1.0.
var nodeName = regexp.MustCompile(`^node(js)?(-?v?[0-9.]+)?(\.exe)?$`)

// runsNode reports whether a worker runs on Node, as far as its settings and the names tell. A program that is taken for another one
// by mistake is a worker without the script, while another one that gets it hands it on to what it starts.
func runsNode(s *cluster.Settings) bool {
	if s.Runtime != "" {
		return s.Runtime == cluster.RuntimeNode
	}
	path := s.ExecPath
	if path == "" {
		path = "node"
	}
	if nodeName.MatchString(filepath.Base(path)) {
		return true
	}
	if found, err := exec.LookPath(path); err == nil {
		path = found
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.Cwd, path)
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	return nodeName.MatchString(filepath.Base(path)) || isNodeScript(path)
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
	if err != nil || !isScript {
		return false
	}
	for _, word := range strings.Fields(command) {
		if nodeName.MatchString(filepath.Base(word)) {
			return true
		}
	}
	return false
}
