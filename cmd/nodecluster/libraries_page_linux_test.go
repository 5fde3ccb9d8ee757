package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// pasted writes the program that the page on libraries shows for one of them, and gives its path.
func pasted(t *testing.T, folder, library string) (path string) {
	t.Helper()
	page, err := os.ReadFile("docs/libraries.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## "+library+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	_, program, _ := strings.Cut(section, "```js\n")
	program, _, found := strings.Cut(program, "```\n")
	if !found {
		t.Fatalf("the page has no program for %s", library)
	}
	path = filepath.Join(folder, "app.js")
	writeText(t, path, program)
	return path
}

// pastedOn is pasted with another port than 3000.
func pastedOn(t *testing.T, folder, library string, port int) (path string) {
	t.Helper()
	path = pasted(t, folder, library)
	program, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(program), "listen(3000)") {
		t.Fatalf("the program for %s listens on no port 3000: %v", library, err)
	}
	writeText(t, path, strings.Replace(string(program), "3000", fmt.Sprint(port), 1))
	return path
}

// twoClients has one of two clients say something, and ends once both have heard it.
const twoClients = `
	const { io } = require('socket.io-client');
	const { once } = require('events');
	const connect = () => io('http://127.0.0.1:' + process.argv[2], { transports: ['websocket'] });
	(async () => {
		const clients = [connect(), connect()];
		await Promise.all(clients.map((client) => once(client, 'connect')));
		const heard = clients.map((client) => once(client, 'said'));
		clients[0].emit('say', 'hello');
		console.log(JSON.stringify(await Promise.all(heard)));
		process.exit();
	})();`

func TestLibrariesPageOfSocketIO(t *testing.T) {
	node := nodetest.Default(t)
	if node.Major < 18 {
		t.Skip("needs Node 18")
	}
	modules, port := "NODE_PATH="+nodetest.Libraries(t), fmt.Sprint(nodetest.FreePort(t))
	p := launch(t, []string{modules, "PORT=" + port}, "-i", "2", pasted(t, t.TempDir(), "Socket.IO"))
	p.await("listening", 2)
	clients := exec.CommandContext(nodetest.Context(t), node.Path, nodetest.Script(t, "clients.js", twoClients), port)
	clients.Env = append(os.Environ(), modules)
	if out, err := clients.Output(); err != nil || string(out) != `[["hello"],["hello"]]`+"\n" {
		t.Errorf("the clients heard %s, %v", out, err)
	}
	p.stop()
}

func TestLibrariesPageOfLog4js(t *testing.T) {
	p := launch(t, []string{"NODE_PATH=" + nodetest.Libraries(t)}, "-i", "2", pasted(t, t.TempDir(), "log4js"))
	for _, online := range p.await("online", 2) {
		p.stdout.awaitText(t, fmt.Sprintf("[INFO] api - hello from %d\n", online.PID))
	}
	p.stop()
	if n := strings.Count(p.stderr.String(), "[ERROR] api - failed: Error: broken\n"); n != 2 {
		t.Errorf("%d errors are on standard error, want 2", n)
	}
}

func TestLibrariesPageOfBroadcast(t *testing.T) {
	p := launch(t, nil, "-i", "2", pasted(t, t.TempDir(), "Anything else"))
	online := p.await("online", 2)
	for i := range online {
		p.stdout.awaitText(t, fmt.Sprintf("%d heard hello from %d\n", online[i].PID, online[1-i].PID))
	}
	p.stop()
}

// What the page on libraries shows works as it is.
func TestLibrariesPageOfPromClient(t *testing.T) {
	m := newManager(t)
	port, metrics := nodetest.FreePort(t), nodetest.FreePort(t)
	app := pastedOn(t, m.folder, "prom-client", port)
	p := launch(t, []string{"NODE_PATH=" + nodetest.Libraries(t)}, "-i", "4", "--name", "api", "--metrics", localhost(metrics), app)
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
	pastedOn(t, m.folder, "@pm2/io", nodetest.FreePort(t))
	m.do("start", "app.js", "-i", "2", "--name", "api", "--env", "NODE_PATH="+nodetest.Libraries(t))
	if got := m.do("trigger", "api", "add", "3"); got != "api/0: 3\napi/1: 3\n" {
		t.Errorf("trigger printed %q", got)
	}
	if got := m.do("describe", "api"); !strings.Contains(got, "add, kick, km:cpu") {
		t.Errorf("describe shows no actions: %s", got)
	}
}

func TestLibrariesPageOfPM2Messages(t *testing.T) {
	m := newManager(t)
	pastedOn(t, m.folder, "PM2's messages", nodetest.FreePort(t))
	m.do("start", "app.js", "-i", "2", "--name", "api")
	next := m.followMessages("api")
	m.do("sendData", "api/0", "level", `{"level":"debug"}`)
	about := next()
	if diff := cmp.Diff(map[string]any{"level": "debug"}, about["data"]); diff != "" || about["type"] != "process:msg" || about["instance"] != 0.0 {
		t.Errorf("the message is %v", about)
	}
}
