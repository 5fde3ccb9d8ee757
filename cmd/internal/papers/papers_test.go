package papers

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

// papers are those that follow the code and name its parts.
var papers = []string{"nodeipc/PROTOCOL.md", "cluster/ARCHITECTURE.md"}

func TestPapers(t *testing.T) {
	r, err := NewRepository(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, paper := range papers {
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
