package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Installed returns the manager that starts the applications of a folder with the machine. ok reports whether there is one: whether a unit was
// written for that folder, and not for another one of the same user's.
func Installed(home string) (m Manager, ok bool) {
	for _, m := range []Manager{SystemManager, UserManager} {
		if m == SystemManager && os.Geteuid() != 0 {
			continue
		}
		if isThere, err := m.has(home); isThere && err == nil {
			return m, true
		}
	}
	return "", false
}

// Check fails if the manager has the applications of another folder: a manager has those of one.
func (m Manager) Check(home string) error {
	isThere, err := m.has(home)
	if err != nil || isThere {
		return err
	}
	file, err := m.UnitFile()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("%s is for the applications of another folder than %s: use unstartup with the NODECLUSTER_HOME that stands there", file, home)
	}
	return nil
}

// has reports whether the manager's unit is for the applications of a folder.
func (m Manager) has(home string) (bool, error) {
	file, err := m.UnitFile()
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && strings.Contains(string(text), "\n"+homeLine(home)+"\n"), err
}

// homeLine is the line of a unit that says which folder its applications are in.
func homeLine(home string) string { return "Environment=" + quote("NODECLUSTER_HOME="+home) }
