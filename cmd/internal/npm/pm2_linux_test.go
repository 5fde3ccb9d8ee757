package main

import (
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// served is a program for PM2's cluster mode.
const served = "require('http').createServer((_, answer) => answer.end('answer')).listen(process.env.PORT, '127.0.0.1')\n"

// fetchPM2 gives PM2's program.
func fetchPM2(t *testing.T) string {
	t.Helper()
	program, err := pm2.Fetch(nodetest.Context(t), "scripts/pm2")
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// expectPM2 has PM2 run a program in the folder where the packages are installed, with register in NODE_OPTIONS: its daemon has one engine,
// and a reload leaves it so.
func expectPM2(t *testing.T, node nodetest.Runtime, program, folder string) {
	t.Helper()
	t.Chdir(folder) // where the name in NODE_OPTIONS leads to the package
	port := strconv.Itoa(nodetest.FreePort(t))
	env := []string{"NODE_OPTIONS=--require=nodecluster/register", "NODECLUSTER_STRICT=1", "PORT=" + port}
	daemon, err := pm2.Start(node.Path, program, t.TempDir(), env, "served.js", "-i", "2", "--name", "app")
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.End()
	expectServed := func() {
		t.Helper()
		if err := measure.Await("answer", func() bool { return get(t, port) == "answer" }, daemon.Running); err != nil {
			t.Fatal(err)
		}
		if engines := measure.ChildrenRunning(daemon.PID(), "adopt-engine"); len(engines) != 1 {
			t.Errorf("PM2's daemon has %d engines, want 1", len(engines))
		}
	}
	expectServed()
	if err := daemon.Command(nodetest.Patience, "reload", "app"); err != nil {
		t.Fatal(err)
	}
	expectServed()
}

// get gives what a request on a connection of its own is answered with, or nothing.
func get(t *testing.T, port string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: nodetest.Patience}
	answer, err := client.Get("http://127.0.0.1:" + port)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
