//go:build unix

package pool_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// The program in the package's documentation is the one that Example runs.
func TestDocHasTheExample(t *testing.T) {
	doc, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for line := range strings.Lines(doc.Doc.Text()) {
		if text, ok := strings.CutPrefix(line, "\t"); ok {
			shown.WriteString(text)
		}
	}
	if run := sourceOf(t, "example_test.go", "run"); shown.String() != run {
		t.Errorf("doc.go shows\n%s\nand the example is\n%s", &shown, run)
	}
}

// sourceOf is a function as it stands in a file, with its comment.
func sourceOf(t *testing.T, file, function string) string {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == function {
			return string(source[files.Position(f.Doc.Pos()).Offset:files.Position(f.End()).Offset]) + "\n"
		}
	}
	t.Fatalf("%s has no function %s", file, function)
	return ""
}
