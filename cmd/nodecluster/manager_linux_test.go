package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// release is a program that answers with its version, and listens on PORT.
func release(version string) string {
	return fmt.Sprintf(`require('http').createServer((request, response) => response.end(%q)).listen(process.env.PORT)`, version)
}

// writeRelease makes a script be a release.
func writeRelease(t *testing.T, path, version string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(release(version)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLifeOfAnApplication(t *testing.T) {
	m := newManager(t)
	port := nodetest.FreePort(t)
	script := filepath.Join(t.TempDir(), "server.js")
	writeRelease(t, script, "one")
	if got, want := m.do("start", script, "-n", "api", "-i", "2", "--env", fmt.Sprint("PORT=", port)), "api: online, 2 workers\n"; got != want {
		t.Errorf("start prints %q, want %q", got, want)
	}
	if got := answerOf(t, port); got != "one" {
		t.Errorf("the answer is %q", got)
	}
	if got, want := m.do("start", script, "-n", "api", "-i", "2", "--env", fmt.Sprint("PORT=", port)), "api: runs already\n"; got != want {
		t.Errorf("start prints %q, want %q", got, want)
	}
	before := m.pids("api")
	writeRelease(t, script, "two")
	m.do("reload", "api")
	if got := answerOf(t, port); got != "two" {
		t.Errorf("the answer after a reload is %q", got)
	}
	if after := m.pids("api"); len(after) != 2 || slices.ContainsFunc(after, func(pid int) bool { return slices.Contains(before, pid) }) {
		t.Errorf("after a reload the workers are %v, before %v", after, before)
	}
	m.do("scale", "api", "3")
	if app := m.app("api"); app.Instances != 3 || app.Ready != 3 || app.State != control.Online {
		t.Errorf("after a scaling it is %+v", app)
	}
	m.do("restart", "api")
	m.do("stop", "api")
	if app := m.app("api"); app.State != control.Stopped || app.Supervisor != nil || app.Ready != 0 || app.Instances != 3 {
		t.Errorf("after a stop it is %+v", app)
	}
	if ls := m.do("ls"); !strings.Contains(ls, "0/3") {
		t.Errorf("ls prints %q after a stop, want 0/3", ls)
	}
	if got, want := m.do("start", "api"), "api: online, 3 workers\n"; got != want {
		t.Errorf("start prints %q, want %q", got, want)
	}
	m.do("delete", "api")
	if apps := m.apps(); len(apps) != 0 {
		t.Errorf("after delete there are %+v", apps)
	}
	m.refuse(4, "there is no application api", "stop", "api")
}

// A release that fails leaves the one before, and says why.
func TestReloadOfABrokenRelease(t *testing.T) {
	m := newManager(t)
	port := nodetest.FreePort(t)
	script := filepath.Join(t.TempDir(), "server.js")
	writeRelease(t, script, "one")
	m.do("start", script, "-n", "api", "-i", "2", "--env", fmt.Sprint("PORT=", port))
	if err := os.WriteFile(script, []byte("throw new Error('bad release')"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := m.pids("api")
	m.refuse(1, "bad release", "reload", "api")
	if after := m.pids("api"); !slices.Equal(after, before) {
		t.Errorf("after a reload that has failed the workers are %v, before %v", after, before)
	}
	if got := answerOf(t, port); got != "one" {
		t.Errorf("the answer is %q", got)
	}
	if change := m.app("api").Change; change == nil || !strings.Contains(strings.Join(change.Output, "\n"), "bad release") {
		t.Errorf("the last change is %+v", change)
	}
}

// What cannot start says why, and stays known.
func TestStartOfABrokenProgram(t *testing.T) {
	m := newManager(t)
	script := nodetest.Script(t, "broken.js", "throw new Error('no database')")
	m.refuse(1, "no database", "start", script, "-i", "1")
	if app := m.app("broken"); app.State != control.Errored || app.Reason == "" {
		t.Errorf("it is %+v", app)
	}
	m.refuse(1, "no database", "start", "broken")
}

func TestWrongCommandLines(t *testing.T) {
	m := newManager(t)
	for _, c := range []struct {
		status int
		why    string
		args   string
	}{
		{2, "say what to start", "start"},
		{4, "there is no script, no file and no application nothing.js", "start nothing.js"},
		{2, "say which application", "stop"},
		{4, "there is no application api", "reload api"},
		{4, "there is no application api", "logs api"},
		{2, "use a number from 1 on", "start x.js -i many"},
		{2, "say which application and how many", "scale api"},
		{2, "unknown command", "strat api"},
		{2, "unknown flag: --loud", "ls --loud"},
	} {
		m.refuse(c.status, c.why, strings.Fields(c.args)...)
	}
}

// answerOf is what an application answers.
func answerOf(t *testing.T, port int) string {
	t.Helper()
	response, err := http.Get("http://" + localhost(port))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
