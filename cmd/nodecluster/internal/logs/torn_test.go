package logs

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTornLine: half a line that a process has left that was killed stays a line of its own.
func TestTornLine(t *testing.T) {
	for before, want := range map[string]string{"whole\n": "whole\nnext\n", "whole\nhal": "whole\nhal\nnext\n", "": "next\n"} {
		path := filepath.Join(t.TempDir(), "app.log")
		if err := os.WriteFile(path, []byte(before), 0o640); err != nil {
			t.Fatal(err)
		}
		f, err := openFile(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.append([]byte("next\n")); err != nil {
			t.Fatal(err)
		}
		f.f.Close()
		if got, _ := os.ReadFile(path); string(got) != want {
			t.Errorf("behind %q: %q, want %q", before, got, want)
		}
	}
}
