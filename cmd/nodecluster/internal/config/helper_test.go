package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inFolder has the test run in a folder with these files, and gives its path.
func inFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
	return folder
}

// mustLoad gives the applications of a file.
func mustLoad(t *testing.T, path string, o LoadOptions) ([]App, []Note) {
	t.Helper()
	apps, notes, err := Load(path, o)
	if err != nil {
		t.Fatalf("%v\n%s", err, excerptOf(err))
	}
	return apps, notes
}

func excerptOf(err error) string {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Excerpt
	}
	return ""
}

// expectNote fails the test unless there is exactly one note with the text.
func expectNote(t *testing.T, notes []Note, want string) {
	t.Helper()
	if len(notes) != 1 || !strings.Contains(notes[0].String(), want) {
		t.Errorf("notes %q, want one with %q", notes, want)
	}
}
