package options

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// setID gives a flag's setter for a number that may have a name.
func setID(to **uint32, byName func(string) (string, error)) func(string) error {
	return func(value string) error {
		if id, err := strconv.ParseUint(value, 10, 32); err == nil {
			*to = new(uint32(id))
			return nil
		}
		found, err := byName(value)
		if err != nil {
			return err
		}
		id, err := strconv.ParseUint(found, 10, 32)
		if err != nil {
			return fmt.Errorf("%q has the id %q, which is not a number", value, found)
		}
		*to = new(uint32(id))
		return nil
	}
}

func userID(name string) (string, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return "", fmt.Errorf("there is no user %q", name)
	}
	return u.Uid, nil
}

func groupID(name string) (string, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return "", fmt.Errorf("there is no group %q", name)
	}
	return g.Gid, nil
}

// Warnings are what a user should know of the flags.
func (o *Options) Warnings() []string {
	s := &o.Settings
	if s.UID != nil && *s.UID != 0 && s.GID == nil && os.Getgid() == 0 {
		return []string{"the workers keep group 0, which is root's: --uid says nothing of the group, so add --gid"}
	}
	return nil
}
