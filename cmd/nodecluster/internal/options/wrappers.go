package options

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
)

const (
	nameItsScript = "name the script that it runs"
	watch         = "--watch"
)

// wrappers are programs that run a script in a process of their own, and an argument of Node's that has it do so, with what to do
// without them.
var wrappers = map[string]string{
	watch:     "leave it out",
	"tsx":     `use --node-args "--import tsx"`,
	"npm":     nameItsScript,
	"npx":     nameItsScript,
	"pnpm":    nameItsScript,
	"yarn":    nameItsScript,
	"nodemon": nameItsScript,
}

// wrapperIn is which of them workers are started by, and "" if it is none.
func wrapperIn(s cluster.Settings) string {
	for _, path := range []string{s.ExecPath, s.Exec} {
		if name := filepath.Base(path); wrappers[name] != "" {
			return name
		}
	}
	isWatch := func(arg string) bool { return arg == watch || strings.HasPrefix(arg, watch+"-") }
	if strings.HasPrefix(filepath.Base(s.ExecPath), "node") && slices.ContainsFunc(s.ExecArgv, isWatch) {
		return watch
	}
	return ""
}

// WrapperWarnings has one for each wrapper that workers are started by: its script would listen beside the cluster, and so only in
// one of them.
func WrapperWarnings(programs []pool.Program) (warnings []string) {
	warned := map[string]bool{"": true}
	for _, p := range programs {
		name := wrapperIn(p.Settings)
		if !warned[name] {
			warned[name] = true
			warnings = append(warnings, describeWrapper(name, p.Settings.Args))
		}
	}
	return warnings
}

// describeWrapper says what is wrong with a wrapper and what to do, where it has these arguments.
func describeWrapper(name string, args []string) string {
	text := fmt.Sprintf("%s starts a process of its own, which is not a cluster worker: %s", name, wrappers[name])
	if command := packageScript(args); command != "" && wrappers[name] == nameItsScript {
		text += ": " + command
	}
	return text
}

// packageScript is what a package.json in the working directory has for arguments such as "start" and "run start".
func packageScript(args []string) string {
	if len(args) > 0 && (args[0] == "run" || args[0] == "run-script") {
		args = args[1:]
	}
	text, err := os.ReadFile("package.json")
	if err != nil || len(args) == 0 {
		return ""
	}
	var about struct{ Scripts map[string]string }
	if json.Unmarshal(text, &about) != nil {
		return ""
	}
	return about.Scripts[args[0]]
}

// insteadOf says what to write instead of a name that is no script's, but a program's. It is "" where that is not known.
func insteadOf(name string, args []string) string {
	if strings.ContainsRune(name, filepath.Separator) {
		return ""
	}
	if name == "node" {
		return "leave out node, and name the script first; what node itself is to get goes to --node-args"
	}
	if wrappers[name] != "" {
		return describeWrapper(name, args)
	}
	if path, err := exec.LookPath(name); err == nil {
		return "write " + path + " to run that program"
	}
	return ""
}
