package options

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"
)

// envFilter are the names of variables that workers do not get, in which * stands for anything.
type envFilter []string

func (f *envFilter) add(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.Contains(pattern, "=") {
		return errors.New("use the name of a variable, in which * may stand for anything")
	}
	*f = append(*f, pattern)
	return nil
}

// has reports whether workers do not get a variable.
func (f envFilter) has(name string) bool {
	return slices.ContainsFunc(f, func(pattern string) bool {
		matches, _ := path.Match(pattern, name)
		return matches
	})
}

// environ is this environment without what workers do not get, nil if they get all.
func (f envFilter) environ() []string {
	if f == nil {
		return nil
	}
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return f.has(name)
	})
}
