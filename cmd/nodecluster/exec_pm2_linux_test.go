package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// TestExecPM2: PM2's cluster mode does the same on plain Node and where its daemon has loaded the preload. PM2's commands take most of the
// time, about half a second each.
func TestExecPM2(t *testing.T) {
	if !nodetest.All() {
		t.Skip("needs PM2: scripts/test --all has it")
	}
	program, err := pm2.Fetch(nodetest.Context(t), "../../scripts/pm2")
	if err != nil {
		t.Fatal(err)
	}
	plain := usePM2(t, program, "", 0)
	adopted := usePM2(t, program, "NODE_OPTIONS=--require "+registering(t), 1)
	if diff := cmp.Diff(plain, adopted); diff != "" {
		t.Errorf("with the preload PM2 does other things than without (-plain +preload):\n%s", diff)
	}
}

// registering writes a script that loads the preload, as that of the npm package does.
func registering(t *testing.T) string {
	t.Helper()
	files := map[string]string{"register.cjs": fmt.Sprintf("require('./preload.cjs').adopt({ program: %q, strict: true });", binary)}
	for _, name := range []string{"internal/adopt/preload.cjs", "internal/interpose/spawn.cjs"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(text)
	}
	return filepath.Join(folderWith(t, files), "register.cjs")
}

// usePM2 goes through what users of PM2 do, and gives what has come of each step. The daemon has that many engines.
func usePM2(t *testing.T, program, variable string, engines int) (steps []string) {
	t.Helper()
	folder, port := t.TempDir(), nodetest.FreePort(t)
	app, err := filepath.Abs("testdata/primaries/pm2-app.js")
	if err != nil {
		t.Fatal(err)
	}
	env := portVariable(port)
	if variable != "" {
		env = append(env, variable)
	}
	daemon, err := pm2.Start(nodetest.Default(t).Path, program, folder, env, app, "-i", "2", "--name", "app", "--kill-timeout", "10000")
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.End()
	started := func(n int) { awaitLines(t, folder, "listens", n) }
	started(2)
	if got := countEngines(daemon.PID()); got != engines {
		t.Errorf("PM2's daemon has %d engines, want %d", got, engines)
	}
	step := func(after func(), args ...string) {
		if err := daemon.Command(patience, args...); err != nil {
			t.Fatal(err)
		}
		after()
		steps = append(steps, strings.Join(args, " ")+": "+state(t, daemon, folder)+" "+getText(t, port, "/"))
	}
	getText(t, port, "/die")
	started(3)
	step(func() {}, "ping")
	step(func() { started(5) }, "reload", "app")
	step(func() { started(7) }, "restart", "app")
	step(func() { started(8) }, "scale", "app", "3")
	step(func() { awaitLines(t, folder, "SIGUSR2", 3) }, "sendSignal", "SIGUSR2", "app")
	step(func() {}, "scale", "app", "1")
	step(func() {}, "stop", "app")
	step(func() { started(9) }, "start", "app")
	step(func() {}, "delete", "app")
	return steps
}

// awaitLines waits until the application's workers have logged a line that often.
func awaitLines(t *testing.T, folder, line string, n int) {
	t.Helper()
	poll(t, fmt.Sprintf("%q %d times in the log", line, n), func() bool {
		found := 0
		logs, _ := filepath.Glob(filepath.Join(folder, "pm2", "logs", "app-out*.log"))
		for _, name := range logs {
			text, _ := os.ReadFile(name)
			found += strings.Count(string(text), line+"\n")
		}
		return found == n
	})
}

func countEngines(daemon int) (engines int) {
	for _, child := range childrenOf(daemon) {
		if strings.Contains(commandLine(child), "adopt-engine") {
			engines++
		}
	}
	return engines
}

// state is what PM2 says of the workers, by their numbers.
func state(t *testing.T, daemon *pm2.Daemon, folder string) string {
	t.Helper()
	if err := daemon.Command(patience, "jlist"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "pm2", "command.log"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		ID  int `json:"pm_id"`
		Env struct {
			Status   string
			Restarts int    `json:"restart_time"`
			Mode     string `json:"exec_mode"`
		} `json:"pm2_env"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("pm2 jlist says %q: %v", text, err)
	}
	var workers []string
	for _, w := range list {
		workers = append(workers, fmt.Sprint(w.ID, w.Env))
	}
	slices.Sort(workers)
	return strings.Join(workers, ", ")
}

// getText is what a request on a connection of its own is answered with, or that it is not.
func getText(t *testing.T, port int, path string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	response, err := client.Get("http://" + localhost(port) + path)
	if err != nil {
		return "no answer"
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
