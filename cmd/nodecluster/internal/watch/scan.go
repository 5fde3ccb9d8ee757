package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// scan is what there is at a moment.
type scan struct {
	ignored *ignored
	files   map[string]fs.FileInfo // by path
	folders map[string]folder      // to watch, by the path without symbolic links
}

// folder is one whose entries are watched.
type folder struct {
	path string // as it was reached
	info fs.FileInfo
}

func newScan(roots []root, ignored *ignored) *scan {
	s := &scan{ignored, map[string]fs.FileInfo{}, map[string]folder{}}
	for _, r := range roots {
		s.addAnchor(r.folder)
		s.walk(&r, r.folder)
	}
	return s
}

// addAnchor has the folder be watched that a root is in, if the root is a link to another folder or is not there: it may lead to another
// one, or come again.
func (s *scan) addAnchor(path string) {
	for {
		if info, err := os.Lstat(path); err == nil && info.IsDir() {
			return
		}
		parent := filepath.Dir(path)
		if parent == path {
			return
		}
		if s.addFolder(parent) {
			return
		}
		path = parent
	}
}

// addFolder reports whether the folder is there.
func (s *scan) addFolder(path string) bool {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	info, err := os.Stat(real)
	if err != nil || !info.IsDir() {
		return false
	}
	s.folders[real] = folder{path, info}
	return true
}

// walk adds the files of a folder. What is gone by now, or may not be read, is passed over.
func (s *scan) walk(r *root, path string) {
	if !s.addFolder(path) {
		return
	}
	entries, _ := os.ReadDir(path)
	for _, entry := range entries {
		below := filepath.Join(path, entry.Name())
		switch {
		case s.ignored.has(below):
		case entry.IsDir():
			if r.isDeep() {
				s.walk(r, below)
			}
		case r.has(below):
			s.addFile(below)
		}
	}
}

// addFile adds a file that can be read. A socket, for one, changes as workers come and go.
func (s *scan) addFile(path string) {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		s.files[path] = info
	}
}

// changedSince are the files that are new, other ones or gone, in the order of their paths.
func (s *scan) changedSince(before *scan) (changed []string) {
	for path, now := range s.files {
		if then, ok := before.files[path]; !ok || isOther(then, now) {
			changed = append(changed, path)
		}
	}
	for path := range before.files {
		if _, ok := s.files[path]; !ok {
			changed = append(changed, path)
		}
	}
	slices.Sort(changed)
	return changed
}

func isOther(a, b fs.FileInfo) bool {
	return a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime()) || !os.SameFile(a, b)
}
