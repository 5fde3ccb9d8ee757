//go:build unix

package home

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// Admit lets the members of a group, by its name or number, see which applications there are and come to the socket of this one, which
// listens. They can read no file: what they may ask is the supervisor's to say. A user admits groups of their own, and root any. All
// applications of a user admit one group.
func (a *App) Admit(group string) error {
	number, err := groupNumber(group)
	if err != nil {
		return err
	}
	folders := []string{a.home.folder, a.home.apps(), a.folder}
	if a.home.sockets != "" {
		folders = append(folders, a.home.sockets, a.sockets)
	}
	for _, folder := range folders {
		if err := admit(folder, number, 0o050); err != nil {
			return err
		}
	}
	return admit(a.socket(), number, 0o060)
}

func groupNumber(name string) (int, error) {
	number := name
	if group, err := user.LookupGroup(name); err == nil {
		number = group.Gid
	}
	group, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("there is no group %q: give the name or the number of one", name)
	}
	return int(group), nil
}

// admit gives a group these rights, beside what there are.
func admit(path string, group int, rights fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return remedy(err)
	}
	owner := int(info.Sys().(*syscall.Stat_t).Gid)
	if info.Mode().Perm()&0o070 != 0 && owner != group {
		return fmt.Errorf("%s admits the group %d already: have all applications admit one group", path, owner)
	}
	if err := os.Chown(path, -1, group); err != nil {
		return fmt.Errorf("cannot admit the group %d: %w: be a member of it", group, err)
	}
	return remedy(os.Chmod(path, info.Mode().Perm()|rights))
}
