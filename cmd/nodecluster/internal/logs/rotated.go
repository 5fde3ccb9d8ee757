package logs

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// rotated is a file that was moved aside.
type rotated struct {
	path  string
	at    time.Time // when
	isOwn bool      // moved by this package, and not by another program
}

var (
	// ownName is what this package puts between the name of a file and its extension.
	ownName = regexp.MustCompile(`^-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3})-(size|time)(_\d+)?$`)
	// othersName is what logrotate puts after it.
	othersName = regexp.MustCompile(`^([.-]\d+)+$`)
)

const ownTimeFormat = "2006-01-02T15-04-05.000"

// rotatedFiles are those of a file, the oldest first. A file that is there in plain and compressed is the plain one: its compression goes on.
func rotatedFiles(path string) (found []rotated, err error) {
	folder, name := filepath.Split(path)
	entries, err := os.ReadDir(cmp.Or(folder, "."))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, entry := range entries {
		names[entry.Name()] = true
	}
	for _, entry := range entries {
		plain := strings.TrimSuffix(strings.TrimSuffix(entry.Name(), ".gz"), ".zst")
		if !entry.Type().IsRegular() || plain != entry.Name() && names[plain] {
			continue
		}
		if at, isOwn, is := rotatedAt(name, plain, entry); is {
			found = append(found, rotated{filepath.Join(folder, entry.Name()), at, isOwn})
		}
	}
	slices.SortStableFunc(found, func(a, b rotated) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(len(a.path), len(b.path)), cmp.Compare(a.path, b.path))
	})
	return found, nil
}

// rotatedAt is when a file was moved aside, and whether by this package, if it was one of the name.
func rotatedAt(name, plain string, entry fs.DirEntry) (at time.Time, isOwn, is bool) {
	extension := filepath.Ext(name)
	if middle, is := between(plain, strings.TrimSuffix(name, extension), extension); is {
		if match := ownName.FindStringSubmatch(middle); match != nil {
			at, err := time.Parse(ownTimeFormat, match[1])
			return at, true, err == nil
		}
	}
	if rest, is := strings.CutPrefix(plain, name); !is || !othersName.MatchString(rest) {
		return at, false, false
	}
	info, err := entry.Info()
	if err != nil {
		return at, false, false
	}
	return info.ModTime(), false, true
}

// between is what stands in s between two others.
func between(s, before, after string) (string, bool) {
	if len(s) < len(before)+len(after) {
		return "", false
	}
	rest, is := strings.CutPrefix(s, before)
	if !is {
		return "", false
	}
	return strings.CutSuffix(rest, after)
}
