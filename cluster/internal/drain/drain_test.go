package drain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// node are settings of a Node worker.
var node = cluster.Settings{Exec: "app.js"}

// envOf returns the one variable that a preload gives to a worker, "" for none.
func envOf(t *testing.T, p *Preload, s cluster.Settings) string {
	t.Helper()
	env, err := p.Env(s)
	if err != nil || len(env) > 1 {
		t.Fatalf("the environment is %q, %v", env, err)
	}
	return strings.Join(env, "")
}

// scriptOf is the path of the script in a variable.
func scriptOf(t *testing.T, variable string) string {
	t.Helper()
	_, rest, _ := strings.Cut(variable, `"`)
	path, _, found := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("the variable is %q", variable)
	}
	return path
}

func newPreload(t *testing.T) *Preload {
	t.Helper()
	t.Setenv("NODE_OPTIONS", "")
	os.Unsetenv("NODE_OPTIONS")
	var p Preload
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return &p
}

func TestEnvKeepsTheOptionsThatThereAre(t *testing.T) {
	p := newPreload(t)
	ours := envOf(t, p, node)
	with := func(options string) cluster.Settings {
		s := node
		s.Env = []string{"NODE_OPTIONS=--lost", "NODE_OPTIONS=" + options}
		return s
	}
	if got, want := envOf(t, p, with("--no-warnings")), ours+" --no-warnings"; got != want {
		t.Errorf("with options of the settings it is %q, want %q", got, want)
	}
	if got, want := envOf(t, p, with("")), ours+" "; got != want {
		t.Errorf("with empty ones it is %q, want %q", got, want)
	}
	t.Setenv("NODE_OPTIONS", "--no-deprecation")
	if got, want := envOf(t, p, node), ours+" --no-deprecation"; got != want {
		t.Errorf("with options of this process it is %q, want %q", got, want)
	}
}

func TestWhoGetsAnEnv(t *testing.T) {
	p := newPreload(t)
	for _, c := range []struct {
		name     string
		settings cluster.Settings
		want     bool
	}{
		{"node", cluster.Settings{Exec: "app.js"}, true},
		{"what is no Node", cluster.Settings{Exec: "app.js", Runtime: cluster.RuntimeGo}, false},
		{"Node 20 with permissions", cluster.Settings{Exec: "app.js", ExecArgv: []string{"--experimental-permission"}}, false},
		{"Node with a policy", cluster.Settings{Exec: "app.js", Env: []string{"NODE_OPTIONS=--experimental-policy=p.json"}}, false},
		{"Node with permissions", cluster.Settings{Exec: "app.js", ExecArgv: []string{"--permission"}}, true},
	} {
		if got := envOf(t, p, c.settings) != ""; got != c.want {
			t.Errorf("%s gets it: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestScriptIsRemovedAndPlacedAnew(t *testing.T) {
	p := newPreload(t)
	first := scriptOf(t, envOf(t, p, node))
	if again := scriptOf(t, envOf(t, p, node)); again != first {
		t.Errorf("another worker gets %s, want %s", again, first)
	}
	spoil := map[string]func(path string) error{
		"removed":                os.Remove,
		"removed with folder":    func(path string) error { return os.RemoveAll(filepath.Dir(path)) },
		"changed":                func(path string) error { os.Chmod(path, 0o600); return os.WriteFile(path, nil, 0o600) },
		"in another such folder": replaceFolder,
	}
	for name, f := range spoil {
		before := scriptOf(t, envOf(t, p, node))
		if err := f(before); err != nil {
			t.Fatal(err)
		}
		after := scriptOf(t, envOf(t, p, node))
		if _, err := os.Stat(after); err != nil || after == before {
			t.Errorf("%s: afterwards it is %s, before %s: %v", name, after, before, err)
		}
		if name == "in another such folder" {
			os.RemoveAll(filepath.Dir(before))
		}
	}
	last := scriptOf(t, envOf(t, p, node))
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Dir(last)); !os.IsNotExist(err) {
		t.Errorf("after Close there is %s: %v", last, err)
	}
	if got := envOf(t, p, node); got != "" {
		t.Errorf("after Close a worker gets %q", got)
	}
}

// replaceFolder puts a folder with the same script in the place of the script's.
func replaceFolder(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	if err := os.Rename(folder, folder+"-moved"); err != nil {
		return err
	}
	defer os.RemoveAll(folder + "-moved")
	if err := os.Mkdir(folder, 0o711); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o444)
}

func TestErrorsInARowAreSaidOnce(t *testing.T) {
	p := newPreload(t)
	unavailable := filepath.Join(t.TempDir(), "none")
	usual := places
	places = func() []string { return []string{unavailable} }
	t.Cleanup(func() { places = usual })
	var said []string
	for range 3 {
		env, err := p.Env(node)
		if env != nil {
			t.Errorf("the environment is %q", env)
		}
		if err != nil {
			said = append(said, err.Error())
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], unavailable) {
		t.Errorf("the errors are %q, want one that names %s", said, unavailable)
	}
	places = usual
	if envOf(t, p, node) == "" {
		t.Error("a worker gets nothing although there is room again")
	}
}

// A path of any characters is one for Node's way of reading the variable and for the script itself.
func TestOptionIsQuoted(t *testing.T) {
	f := folder{parent: parent{path: filepath.FromSlash(`/tmp/a "b" c`)}, moment: time.Second}
	want := `--require "/tmp/a \"b\" c/drain.cjs"`
	if filepath.Separator == '\\' {
		want = `--require "\\tmp\\a \"b\" c\\drain.cjs"`
	}
	if got := f.option(); got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
	if said := string(f.text()); !strings.Contains(said, `{"moment":1000,"option":"--require \"/tmp/a \\\"b\\\" c/drain.cjs\""}`) && filepath.Separator == '/' {
		t.Errorf("the script begins with %q", said[:min(len(said), 200)])
	}
}
