package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// pasted writes the program that the page on libraries shows for one of them, on another port.
func pasted(t *testing.T, folder, library string, port int) {
	t.Helper()
	page, err := os.ReadFile("docs/libraries.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## "+library+"\n")
	_, program, _ := strings.Cut(section, "```js\n")
	program, _, found := strings.Cut(program, "```\n")
	if !found || !strings.Contains(program, "listen(3000)") {
		t.Fatalf("the page has no program for %s: %q", library, program)
	}
	writeText(t, filepath.Join(folder, "app.js"), strings.Replace(program, "3000", fmt.Sprint(port), 1))
}

// What the page on libraries shows works as it is.
func TestLibrariesPageOfPromClient(t *testing.T) {
	m := newManager(t)
	port, metrics := nodetest.FreePort(t), nodetest.FreePort(t)
	pasted(t, m.folder, "prom-client", port)
	p := launch(t, []string{"NODE_PATH=" + nodetest.Libraries(t)}, "-i", "4", "--name", "api", "--metrics", localhost(metrics), filepath.Join(m.folder, "app.js"))
	p.await("listening", 4)
	for range 8 {
		fetch(t, "http://"+localhost(port))
	}
	if text := fetch(t, "http://"+localhost(metrics)+"/metrics"); !strings.Contains(text, `http_requests_total{app="api",code="200"} 8`+"\n") {
		t.Errorf("the metrics are %s", text)
	}
	p.stop()
}

func TestLibrariesPageOfPM2IO(t *testing.T) {
	m := newManager(t)
	pasted(t, m.folder, "@pm2/io", nodetest.FreePort(t))
	m.do("start", "app.js", "-i", "2", "--name", "api", "--env", "NODE_PATH="+nodetest.Libraries(t))
	if got := m.do("trigger", "api", "add", "3"); got != "api/0: 3\napi/1: 3\n" {
		t.Errorf("trigger printed %q", got)
	}
	if got := m.do("describe", "api"); !strings.Contains(got, "add, kick, km:cpu") {
		t.Errorf("describe shows no actions: %s", got)
	}
}
