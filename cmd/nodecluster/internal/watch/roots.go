package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// root is a folder, with which of its files are watched.
type root struct {
	folder  string
	name    string // of the only file, or ""
	pattern string // of the files' paths from the folder, "" for all
}

// newRoot is what a path means from a folder: a file, a folder, or a pattern such as "src/**/*.js".
func newRoot(folder, path string) (root, error) {
	full := filepath.Clean(path)
	if !filepath.IsAbs(path) {
		full = filepath.Join(folder, path)
	}
	switch info, err := os.Stat(full); {
	case err == nil && info.IsDir():
		return root{folder: full}, nil
	case err == nil:
		return root{folder: filepath.Dir(full), name: filepath.Base(full)}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return root{}, err
	}
	base, pattern := doublestar.SplitPattern(filepath.ToSlash(full))
	if !strings.ContainsAny(pattern, "*?[{") {
		return root{}, fmt.Errorf("%s: there is no such file or folder", path)
	}
	if !doublestar.ValidatePattern(pattern) {
		return root{}, fmt.Errorf("%s: a bracket or a brace is not complete", path)
	}
	if info, err := os.Stat(base); err != nil || !info.IsDir() {
		return root{}, fmt.Errorf("%s: there is no folder %s", path, base)
	}
	return root{folder: filepath.FromSlash(base), pattern: pattern}, nil
}

// has reports whether a file is watched.
func (r *root) has(path string) bool {
	relative, err := filepath.Rel(r.folder, path)
	switch {
	case err != nil:
		return false
	case r.name != "":
		return relative == r.name
	case r.pattern != "":
		return doublestar.MatchUnvalidated(r.pattern, filepath.ToSlash(relative))
	}
	return true
}

// isDeep reports whether files in the folders of the folder are watched too.
func (r *root) isDeep() bool {
	return r.name == "" && (r.pattern == "" || strings.Contains(r.pattern, "/"))
}

// alwaysIgnored are what is installed, kept by version control, or written while programs run and files are edited.
var alwaysIgnored = []string{
	"node_modules", ".git", ".hg", ".svn", "*.log", "*.pid", ".DS_Store", "*~", ".*.sw?", ".#*", "#*#",
}

// ignored are patterns of what is not watched. One without a slash is that of a name in any folder.
type ignored struct {
	names, paths []string
}

// newIgnored has the patterns be meant from a folder.
func newIgnored(folder string, patterns []string) (ignored, error) {
	all := ignored{names: alwaysIgnored}
	for _, given := range patterns {
		pattern := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(given), "./"), "/")
		switch {
		case pattern == "" || !doublestar.ValidatePattern(pattern):
			return ignored{}, fmt.Errorf("%q is no pattern of names or paths, such as public or tmp/**", given)
		case !strings.Contains(pattern, "/"):
			all.names = append(all.names[:len(all.names):len(all.names)], pattern)
		case filepath.IsAbs(given):
			all.paths = append(all.paths, pattern)
		default:
			all.paths = append(all.paths, escape(filepath.ToSlash(folder))+"/"+pattern)
		}
	}
	return all, nil
}

// addWritten adds files that are written, and what they are rotated to.
func (i *ignored) addWritten(folder string, files []string) {
	for _, path := range files {
		if path == "" {
			continue
		}
		if !filepath.IsAbs(path) {
			path = filepath.Join(folder, path)
		}
		i.paths = append(i.paths, escape(filepath.ToSlash(strings.TrimSuffix(path, filepath.Ext(path))))+"*")
	}
}

// escape is a path as a pattern that means just that.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "{", `\{`).Replace(path)
}

// has reports whether a file or folder is not watched.
func (i *ignored) has(path string) bool {
	path = filepath.ToSlash(path)
	name := path[strings.LastIndexByte(path, '/')+1:]
	for _, pattern := range i.names {
		if doublestar.MatchUnvalidated(pattern, name) {
			return true
		}
	}
	for _, pattern := range i.paths {
		if doublestar.MatchUnvalidated(pattern, path) {
			return true
		}
	}
	return false
}
