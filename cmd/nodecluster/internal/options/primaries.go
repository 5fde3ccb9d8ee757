package options

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

// maxSource is how much of a script is looked at.
const maxSource = 256 << 10

// forkers are what programs start workers by that run another script, and how their use is recognised. In a cluster worker they do nothing.
var forkers = []struct {
	name string
	used *regexp.Regexp
}{
	{"recluster", imported("recluster")},
	{"cfork", regexp.MustCompile(imported("cfork").String() + `[\s\S]*\bexec\s*:`)},
	{"cluster.setupPrimary", regexp.MustCompile(`\bsetup(?:Primary|Master)\s*\(\s*\{[^}]*\bexec\s*:`)},
}

// imported matches what loads a package.
func imported(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?:\brequire\s*\(|\bfrom|\bimport\s*\(?)\s*['"]` + name + `['"]`)
}

// serves matches what a script has that does something in a worker too.
var serves = regexp.MustCompile(`\.listen\s*\(|\bisWorker\b|\bexec\s*:\s*(?:__filename|process\.argv)`)

// comment matches lines that are comments.
var comment = regexp.MustCompile(`(?m)^\s*(?://|\*|/\*).*$`)

// PrimaryWarnings has one for each script whose only work is to start workers of another script: as a worker it would do nothing, and say
// nothing.
func PrimaryWarnings(programs []pool.Program) (warnings []string) {
	warned := map[string]bool{}
	for _, p := range programs {
		name := forkerIn(p.Settings)
		if name == "" || warned[p.Settings.Exec] {
			continue
		}
		warned[p.Settings.Exec] = true
		script := filepath.Base(p.Settings.Exec)
		warnings = append(warnings, fmt.Sprintf(
			"%s starts workers by %s, which does nothing in a cluster worker: use nodecluster exec %[1]s, or name the script of its workers", script, name))
	}
	return warnings
}

// forkerIn is what a script of Node's starts workers by, and "" if it starts none or does something else too.
func forkerIn(s cluster.Settings) string {
	if !strings.HasPrefix(filepath.Base(s.ExecPath), "node") {
		return ""
	}
	file, err := os.Open(s.Exec)
	if err != nil {
		return ""
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	source, err := io.ReadAll(io.LimitReader(file, maxSource))
	source = comment.ReplaceAll(source, nil)
	if err != nil || serves.Match(source) {
		return ""
	}
	for _, f := range forkers {
		if f.used.Match(source) {
			return f.name
		}
	}
	return ""
}
