//go:build unix

package drain

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
)

// Whoever may read the script may not change it, whatever the umask is.
func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	p := newPreload(t)
	path := scriptOf(t, envOf(t, p, node))
	for path, want := range map[string]os.FileMode{path: 0o444, filepath.Dir(path): 0o711 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

// A folder is taken where others cannot replace it, one that all can get to before one that they cannot.
func TestPlaces(t *testing.T) {
	make := func(modes ...os.FileMode) string {
		path, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, mode := range modes {
			path = filepath.Join(path, "x")
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	closed, open, sticky := make(0o700), make(0o755), make(0o777|os.ModeSticky)
	usual := places
	t.Cleanup(func() { places = usual })
	for _, c := range []struct {
		name  string
		given []string
		want  string
	}{
		{"what is not there", []string{filepath.Join(open, "none"), open}, open},
		{"what others may change", []string{make(0o777), make(0o777, 0o755), sticky}, sticky},
		{"what others cannot get to", []string{closed, make(0o700, 0o755), open}, open},
		{"nothing better", []string{closed}, closed},
	} {
		p := newPreload(t)
		places = func() []string { return c.given }
		if got := filepath.Dir(filepath.Dir(scriptOf(t, envOf(t, p, node)))); got != c.want {
			t.Errorf("%s: it is in %s, want %s", c.name, got, c.want)
		}
	}
}

// A worker that could not read the script does without: it would not start.
func TestWorkersOfOthersDoWithoutWhatTheyCannotRead(t *testing.T) {
	id := uint32(65534)
	others := map[string]cluster.Settings{
		"another user":  {Exec: "app.js", UID: &id},
		"another group": {Exec: "app.js", GID: &id},
		"a credential":  {Exec: "app.js", SysProcAttr: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id}}},
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	usual := places
	t.Cleanup(func() { places = usual })
	open, p := newPreload(t), newPreload(t)
	places = func() []string { return []string{"/tmp"} }
	envOf(t, open, node)
	places = func() []string { return []string{closed} }
	envOf(t, p, node)
	for name, s := range others {
		if envOf(t, p, s) != "" {
			t.Errorf("%s gets what it cannot read", name)
		}
		if envOf(t, open, s) == "" {
			t.Errorf("%s gets nothing", name)
		}
	}
	if envOf(t, open, cluster.Settings{Exec: "app.js", SysProcAttr: &syscall.SysProcAttr{Chroot: "/"}}) != "" {
		t.Error("a worker with another root gets what is not in there")
	}
}
