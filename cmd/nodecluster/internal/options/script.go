package options

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cluster"
)

// scriptExtensions are those of files that Node runs.
var scriptExtensions = []string{".js", ".cjs", ".mjs", ".ts", ".mts", ".cts"}

// setProgram decides what the workers are: a script under node or another program, or an executable.
func (o *Options) setProgram(s *cluster.Settings, script string) error {
	// Workers may have another working directory, and a name that begins with a dash must not become a flag.
	path, err := o.absolute(script)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return describeMissing(script, s.Args, err)
	}
	if info.IsDir() {
		if err := checkFolder(path, script); err != nil {
			return err
		}
	}
	if info.IsDir() || o.node != "" || slices.Contains(scriptExtensions, filepath.Ext(path)) {
		s.Exec = pinned(path)
		s.ExecPath, err = o.findNode()
		return err
	}
	if s.ExecArgv != nil {
		return UsageError{fmt.Sprintf("--node-args are for scripts, but %s is run by itself; add --node PROGRAM", script)}
	}
	if s.ExecPath, err = exec.LookPath(pinned(path)); err != nil {
		return fmt.Errorf("%s is neither a script (%s) nor an executable: make it one, or say with --node what runs it",
			script, strings.Join(scriptExtensions, " "))
	}
	return nil
}

// checkFolder reports whether node finds something to run in a folder.
func checkFolder(path, script string) error {
	for _, name := range []string{"package.json", "index.js"} {
		if _, err := os.Stat(filepath.Join(path, name)); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the folder %s has no package.json and no index.js: name the script in it", script)
}

// findNode is the absolute path of what runs scripts.
func (o *Options) findNode() (string, error) {
	node, name := o.node, o.node
	if name == "" {
		name = "node"
	}
	path, err := o.lookPath(name)
	switch {
	case err == nil:
		return path, nil
	case node == "":
		return "", errors.New("no node on PATH: install Node.js, or say with --node where it is")
	case errors.Is(err, exec.ErrDot):
		return "", fmt.Errorf("PATH has %s in the working directory only: say --node ./%[1]s if it is meant", name)
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("--node %s: it is not executable", node)
	default:
		return "", fmt.Errorf("--node %s: no such program", node)
	}
}

// lookPath is the absolute path of a program, which PATH may have.
func (o *Options) lookPath(name string) (path string, err error) {
	if strings.ContainsRune(name, filepath.Separator) {
		if name, err = o.absolute(name); err != nil {
			return "", err
		}
	}
	if path, err = exec.LookPath(name); err != nil {
		return "", err
	}
	return o.absolute(path)
}

func describeMissing(script string, args []string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the script %s: %w", script, errors.Unwrap(err))
	}
	if instead := insteadOf(script, args); instead != "" {
		return fmt.Errorf("there is no script %s: %s", script, instead)
	}
	return fmt.Errorf("there is no script %s", script)
}
