package nodetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Script writes source to a file called name in a new temporary folder of the
// test and gives its absolute path; the folder goes when the test ends. The
// extension decides what Node makes of it: .cjs, .mjs, or .js for CommonJS.
func Script(tb testing.TB, name, source string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		tb.Fatalf("nodetest: write script %s: %v", name, err)
	}
	return path
}
