package papers

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

// described is whose papers are read: those in the libraries' folders, and the contributors'.
var described = []string{"nodeipc", "cluster", "handlewrap", ".github/CONTRIBUTING.md"}

// expected are papers that must be among them.
var expected = []string{"nodeipc/PROTOCOL.md"}

func TestPapers(t *testing.T) {
	r, err := NewRepository(root)
	if err != nil {
		t.Fatal(err)
	}
	found := papersIn(t, described)
	for _, paper := range expected {
		if !slices.Contains(found, paper) {
			t.Errorf("no %s among the papers %q", paper, found)
		}
	}
	for _, paper := range found {
		t.Run(paper, func(t *testing.T) {
			named, faults, err := r.Read(paper)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range faults {
				t.Errorf("%s:%d: %s", paper, f.Line, f.Text)
			}
			expectChangesFound(t, r, paper, named)
		})
	}
}

// papersIn finds the Markdown files at or below paths in the repository.
func papersIn(t *testing.T, paths []string) (found []string) {
	t.Helper()
	for _, from := range paths {
		err := filepath.WalkDir(filepath.Join(root, from), func(path string, d fs.DirEntry, err error) error {
			switch {
			case os.IsNotExist(err):
				return nil
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return filepath.SkipDir
			case !d.IsDir() && filepath.Ext(path) == ".md":
				name, err := filepath.Rel(root, path)
				found = append(found, filepath.ToSlash(name))
				return err
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// expectChangesFound changes the names in a paper, one after the other, to what nothing has, and expects that to be a fault. So
// each name of the paper is looked up as it is written there.
func expectChangesFound(t *testing.T, r *Repository, paper string, named []Mention) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, paper))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, m := range named {
		gone := m.Text + "Gone"
		faults := read(t, r, filepath.Dir(paper), strings.ReplaceAll(lines[m.Line-1], m.Text, gone))
		if !slices.ContainsFunc(faults, func(f Fault) bool { return strings.Contains(f.Text, gone) }) {
			t.Errorf("%s:%d: with %s in place of %s there is no fault", paper, m.Line, gone, m.Text)
		}
	}
}
