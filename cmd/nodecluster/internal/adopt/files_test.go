//go:build unix

package adopt

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// inCache has Preload write into a folder of the test's. Root's own folder is not for tests.
func inCache(t *testing.T, folder string) {
	t.Helper()
	before := cacheFolder
	cacheFolder = func() (string, error) { return folder, nil }
	t.Cleanup(func() { cacheFolder = before })
}

// TestPreload: a real Node loads the script from a path of any characters, and the program finds its environment as it was.
func TestPreload(t *testing.T) {
	inCache(t, filepath.Join(t.TempDir(), `a "b" \c`))
	node := nodetest.Default(t)
	for _, test := range []struct{ before, want string }{
		{"", "undefined"},
		{" ", `""`}, // a variable that is there, and empty
		{"--no-warnings ", `"--no-warnings"`},
		{"--no-warnings --require " + os.DevNull + " ", `"--no-warnings --require ` + os.DevNull + `"`},
	} {
		option, err := Preload(Settings{Program: "/no/such/program"})
		if err != nil {
			t.Fatal(err)
		}
		command := exec.Command(node.Path, "-p", "JSON.stringify(process.env.NODE_OPTIONS) + JSON.stringify([process.execArgv, Object.keys(require.cache)])")
		command.Env = append(os.Environ(), "NODE_OPTIONS="+test.before+option)
		output, err := command.CombinedOutput()
		if got := strings.TrimSpace(string(output)); err != nil || !strings.HasPrefix(got, test.want) || strings.Contains(got, "exec.cjs") {
			t.Errorf("with %q the program has %s, want %s: %v", test.before, got, test.want, err)
		}
	}
}

// TestPreloadMends: what is in the files is what the program was built with, whatever was there.
func TestPreloadMends(t *testing.T) {
	folder := t.TempDir()
	inCache(t, folder)
	if _, err := Preload(Settings{Program: "p"}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "nodecluster", "exec", "*", "*"))
	if err != nil || len(files) != 3 {
		t.Fatalf("there is %q, %v", files, err)
	}
	var texts []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
		if err := os.WriteFile(name, text[:len(text)/2], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Preload(Settings{Program: "p"}); err != nil {
		t.Fatal(err)
	}
	for i, name := range files {
		if text, err := os.ReadFile(name); err != nil || string(text) != texts[i] {
			t.Errorf("%s is still damaged: %v", name, err)
		}
	}
	if _, err := Preload(Settings{Program: "another"}); err != nil {
		t.Fatal(err)
	}
	if folders, _ := filepath.Glob(filepath.Join(folder, "nodecluster", "exec", "*")); len(folders) != 2 {
		t.Errorf("two programs have %d folders", len(folders))
	}
}

// TestPreloadWithoutFolder: the error names what is in the way.
func TestPreloadWithoutFolder(t *testing.T) {
	inCache(t, filepath.Join(os.DevNull, "cache"))
	if _, err := Preload(Settings{}); err == nil || !strings.Contains(err.Error(), os.DevNull) {
		t.Errorf("the error is %v", err)
	}
}
