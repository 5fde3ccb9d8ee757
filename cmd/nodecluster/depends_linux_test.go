package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// writeApps writes a file of applications, and returns its path.
func writeApps(t *testing.T, folder, text string) string {
	t.Helper()
	path := filepath.Join(folder, "nodecluster.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Applications are started after those that they depend on, which have to be ready if that is said. After a reboot it is so too, but for
// what is not to start then.
func TestDependencies(t *testing.T) {
	m := newManager(t)
	folder, port := t.TempDir(), nodetest.FreePort(t)
	// The database is ready a while after it was started; web ends at once if it is not.
	script := fmt.Sprintf(`
		const http = require('http'), answer = (request, response) => response.end('up');
		if (process.argv[2] === 'db') setTimeout(() => http.createServer(answer).listen(%[1]d), 300);
		else http.get('http://127.0.0.1:%[1]d', () => http.createServer(answer).listen(0)).on('error', () => process.exit(3));`, port)
	if err := os.WriteFile(filepath.Join(folder, "app.js"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	file := writeApps(t, folder, `
x-all: &all {script: app.js, instances: 1, max_restarts: 0}
apps:
  - {<<: *all, name: web, depends_on: {api: started}}
  - {<<: *all, name: api, depends_on: {db: healthy}}
  - {<<: *all, name: db, args: db}
  - {<<: *all, name: batch, autostart: false, depends_on: [db]}
`)
	const order = "db: online, 1 worker\napi: online, 1 worker\nweb: online, 1 worker\n"
	if got, want := m.do("start", file), order+"batch: online, 1 worker\n"; got != want {
		t.Errorf("start prints %q, want %q", got, want)
	}
	for _, name := range []string{"web", "api", "db", "batch"} {
		m.killSupervisor(name)
	}
	if got := m.do("resurrect"); got != order {
		t.Errorf("resurrect prints %q, want %q", got, order)
	}
	if a := m.app("batch"); a.Supervisor != nil {
		t.Errorf("batch is resurrected: %+v", a)
	}
	m.do("stop", "api", "web")
	m.refuse(1, "web: it depends on api, which is stopped: start it first", "start", "web")
}

// What cannot be started in any order says why, and starts nothing.
func TestCircleOfDependencies(t *testing.T) {
	m := newManager(t)
	folder := t.TempDir()
	writeRelease(t, filepath.Join(folder, "app.js"), "one")
	for why, depends := range map[string][3]string{
		"no application can be the first: a depends on b, b on c, c on a: change the depends_on of one": {"b", "c", "a"},
		"no application can be the first: b depends on c, c on b: change the depends_on of one":         {"b", "c", "b"},
		"c depends on itself: change its depends_on":                                                    {"b", "c", "c"},
	} {
		var text strings.Builder
		fmt.Fprintln(&text, "apps:")
		for i, name := range []string{"a", "b", "c"} {
			fmt.Fprintf(&text, "  - {name: %s, script: app.js, instances: 1, depends_on: [%s]}\n", name, depends[i])
		}
		m.refuse(1, why, "start", writeApps(t, folder, text.String()))
	}
	if apps := m.apps(); len(apps) != 0 {
		t.Errorf("there are %+v", apps)
	}
	m.refuse(1, "app: it depends on db, which is not known: start it first", "start",
		writeApps(t, folder, "script: app.js\ndepends_on: db\n"))
	if a := m.app("app"); a.State != control.Errored || !strings.Contains(a.Reason, "which is not known") {
		t.Errorf("it is %+v", a)
	}
}
