package papers

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// builtByATest are packages whose documentation has a whole program, which a test of theirs builds and runs as it stands there.
var builtByATest = []string{"cluster/worker"}

// TestDocExamples: the code in a package's documentation stands in one of its tests, which compile and run it.
func TestDocExamples(t *testing.T) {
	shown := 0
	for _, file := range goFiles(t) {
		folder, name := filepath.Split(file)
		folder = filepath.Clean(folder)
		if name != "doc.go" || slices.Contains(builtByATest, folder) {
			continue
		}
		for _, block := range codeOf(t, file) {
			shown++
			if !isTested(t, folder, block) {
				t.Errorf("%s shows what no test in %s has:\n%s", file, folder, strings.Join(block, "\n"))
			}
		}
	}
	if shown < 8 {
		t.Errorf("only %d examples were found", shown)
	}
}

// codeOf are the blocks of code in a documentation, as their lines without indentation. A table is none.
func codeOf(t *testing.T, file string) (blocks [][]string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	var block []string
	end := func() {
		if text := strings.Join(block, "\n"); strings.Contains(text, ":=") || strings.Contains(text, "func ") || strings.Contains(text, " struct {") {
			blocks = append(blocks, block)
		}
		block = nil
	}
	for line := range strings.Lines(parsed.Doc.Text()) {
		code, isCode := strings.CutPrefix(line, "\t")
		switch {
		case isCode:
			block = append(block, strings.TrimSpace(code))
		case strings.TrimSpace(line) != "":
			end()
		}
	}
	end()
	return blocks
}

// isTested reports whether the lines follow each other in a test of a folder.
func isTested(t *testing.T, folder string, block []string) bool {
	t.Helper()
	tests, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := "\n" + strings.Join(block, "\n") + "\n"
	return slices.ContainsFunc(tests, func(test string) bool {
		source, err := os.ReadFile(test)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(string(source)) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		return strings.Contains("\n"+strings.Join(lines, "\n")+"\n", wanted)
	})
}
