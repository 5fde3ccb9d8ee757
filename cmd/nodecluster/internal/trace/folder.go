package trace

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/interpose"
	"github.com/nodecluster/nodecluster/nodeipc/tracing"
)

//go:embed preload.cjs
var preload string

// preloadText returns the preload, behind what it has in common with the Go processes of a trace.
func preloadText() ([]byte, error) {
	common, err := json.Marshal(map[string]any{
		"program": tracing.Program, "command": tracing.Command, "exitCommand": tracing.ExitCommand, "socket": tracing.Socket,
		"exits": tracing.Exits, "loaded": loadedFile, "spawn": interpose.ScriptFile, "patience": tracing.Patience.Milliseconds(),
		"abstract": runtime.GOOS == "linux" && os.Geteuid() == 0,
	})
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "'use strict';\nconst common = %s;\n%s", common, preload), nil
}

// The files of a trace's folder beside those of package tracing, which nodeipc knows too.
const (
	preloadFile = "preload.cjs"
	loadedFile  = "loaded" // is there once a process has run the preload
)

// maxSocketPath is what every system has room for in a socket's address.
const maxSocketPath = 100

// folder is where the traced processes find what they need.
type folder string

// newFolder makes a folder in which processes of other users can read the preload, without which their Node would not start, and run
// this program. They can do nothing else there, and not see what else there is.
func newFolder() (folder, error) {
	path, err := os.MkdirTemp("", "nodecluster-trace-")
	if err == nil && len(filepath.Join(path, tracing.Socket)) > maxSocketPath {
		os.Remove(path)
		path, err = os.MkdirTemp("/tmp", "nodecluster-trace-")
	}
	if err != nil {
		return "", fmt.Errorf("a temporary folder: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("a temporary folder: %w", err)
	}
	f := folder(path)
	if err := f.fill(); err != nil {
		f.remove()
		return "", err
	}
	return f, nil
}

func (f folder) fill() error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("where this program is: %w", err)
	}
	if err := os.Symlink(program, f.path(tracing.Program)); err != nil {
		return err
	}
	text, err := preloadText()
	if err != nil {
		return err
	}
	if err := errors.Join(f.write(interpose.ScriptFile, interpose.Script), f.write(preloadFile, text)); err != nil {
		return err
	}
	return os.Chmod(string(f), 0o711)
}

// write makes a file that all can read, whatever the umask is.
func (f folder) write(name string, text []byte) error {
	if err := os.WriteFile(f.path(name), text, 0o444); err != nil {
		return err
	}
	return os.Chmod(f.path(name), 0o444)
}

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

func (f folder) remove() { os.RemoveAll(string(f)) }

// leave leaves the preload, which the Node processes that have been left look for. Without the rest it does nothing. The folder is
// still of this user then: nobody else can put something else in its place.
func (f folder) leave() {
	for _, name := range []string{tracing.Program, tracing.Socket, tracing.Exits, loadedFile} {
		os.Remove(f.path(name))
	}
}

// loaded reports whether a process has run the preload.
func (f folder) loaded() bool {
	_, err := os.Stat(f.path(loadedFile))
	return err == nil
}

// folderVariable tells nodeipc of the folder.
const folderVariable = tracing.Variable + "="

// environment is one in which Node runs the preload before all else, and Go programs start children as that does.
func (f folder) environment(env []string) []string {
	const name = "NODE_OPTIONS="
	options := interpose.Require(f.path(preloadFile))
	var rest []string
	for _, variable := range env {
		before, ok := strings.CutPrefix(variable, name)
		switch {
		case ok && strings.Contains(before, options):
			options = before
		case ok:
			options += " " + before
		case !strings.HasPrefix(variable, folderVariable):
			rest = append(rest, variable)
		}
	}
	return append(rest, name+options, folderVariable+string(f))
}
