package drain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

const scriptFile = "drain.cjs"

// parent is a folder in which one for the script can be made that nobody but root and this user can replace.
type parent struct {
	path   string
	isOpen bool // other users can get there
}

// places are where to look for one.
var places = func() []string { return []string{os.TempDir(), "/tmp", "/dev/shm"} }

// parents returns those that there are, the best first.
func parents() (all []parent, err error) {
	for _, path := range places() {
		// Node's path of the script has no links in it.
		resolved, failure := filepath.EvalSymlinks(path)
		if failure == nil {
			resolved, failure = filepath.Abs(resolved)
		}
		isOpen := false
		if failure == nil {
			isOpen, failure = inspect(resolved)
		}
		if failure != nil {
			err = errors.Join(err, failure)
			continue
		}
		all = append(all, parent{resolved, isOpen})
	}
	slices.SortStableFunc(all, func(a, b parent) int {
		switch {
		case a.isOpen == b.isOpen:
			return 0
		case a.isOpen:
			return -1
		}
		return 1
	})
	return all, err
}

// folder has the script in it.
type folder struct {
	parent
	moment time.Duration // that the script is told
	behind string        // what follows the script
	self   *os.File      // has it open and locked, by which those who remove old files know that it is in use
}

// newFolder makes a folder in which other users can read the script, and do nothing else.
func newFolder(moment time.Duration, behind string) (*folder, error) {
	all, err := parents()
	for _, p := range all {
		path, failure := os.MkdirTemp(p.path, "nodecluster-drain-")
		if failure == nil {
			f := &folder{parent: parent{path, p.isOpen}, moment: moment, behind: behind}
			if failure = f.fill(); failure == nil {
				return f, nil
			}
			f.remove()
		}
		err = errors.Join(err, failure)
	}
	return nil, fmt.Errorf("no folder for temporary files: %w", err)
}

func (f *folder) fill() (err error) {
	if f.self, err = os.Open(f.path); err != nil {
		return err
	}
	lock(f.self)
	if err := os.WriteFile(f.script(), f.text(), 0o444); err != nil {
		return err
	}
	return errors.Join(os.Chmod(f.script(), 0o444), os.Chmod(f.path, 0o711)) // whatever the umask is
}

func (f *folder) script() string { return filepath.Join(f.path, scriptFile) }

// option is what has Node load the script.
func (f *folder) option() string {
	return `--require "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(f.script()) + `"`
}

// text is the script as it is in the folder, behind what it is told.
func (f *folder) text() []byte {
	settings, err := json.Marshal(map[string]any{"option": f.option(), "moment": f.moment.Milliseconds()})
	if err != nil {
		panic(err) // a string and a number
	}
	return fmt.Appendf(nil, "'use strict';\nconst settings = %s;\n%s%s", settings, script, f.behind)
}

// isComplete reports whether the folder is there as it was made.
func (f *folder) isComplete() bool {
	ours, err := f.self.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.path)
	if err != nil || !os.SameFile(ours, there) {
		return false
	}
	now, err := os.ReadFile(f.script())
	return err == nil && bytes.Equal(now, f.text())
}

// isFor reports whether a worker with these settings can read the script.
func (f *folder) isFor(s *cluster.Settings) bool {
	return !changesRoot(s.SysProcAttr) && (f.isOpen || s.UID == nil && s.GID == nil && !changesUser(s.SysProcAttr))
}

func (f *folder) remove() error {
	if f.self != nil {
		f.self.Close()
	}
	return os.RemoveAll(f.path)
}
