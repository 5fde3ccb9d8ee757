//go:build unix

package egg

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// eggs are the names of the installed releases.
var eggs = []string{"egg3", "egg4"}

// eachEgg runs a test with each release of Egg.
func eachEgg(t *testing.T, test func(t *testing.T, egg string)) {
	for _, egg := range eggs {
		t.Run(egg, func(t *testing.T) { test(t, egg) })
	}
}

// newApp makes an application of Egg's with these files, by their paths in it, and returns its folder.
func newApp(t testing.TB, egg string, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, folder, "package.json", `{"name":"app","egg":{}}`)
	write(t, folder, "config/config.default.js", "exports.keys = 'secret'; exports.security = { csrf: { enable: false } };")
	for path, text := range files {
		write(t, folder, path, text)
	}
	link(t, filepath.Join(nodetest.Eggs(t), egg), filepath.Join(folder, "node_modules", "egg"))
	return folder
}

func write(t testing.TB, folder, path, text string) {
	t.Helper()
	path = filepath.Join(folder, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t testing.TB, to, at string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}
