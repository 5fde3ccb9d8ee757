package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// newEggApp makes an application of Egg's, and returns its folder.
func newEggApp(t *testing.T, egg string) string {
	t.Helper()
	folder := t.TempDir()
	for path, text := range map[string]string{
		"package.json":             `{"name":"app"}`,
		"config/config.default.js": "exports.keys = 'secret';",
		"app/router.js":            "module.exports = app => app.get('/', ctx => { ctx.body = app.options; });",
	} {
		path = filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "node_modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(nodetest.Eggs(t), egg), filepath.Join(folder, "node_modules", "egg")); err != nil {
		t.Fatal(err)
	}
	return folder
}

// runEgg runs the program with a channel to this process, waits until the application is ready, and returns its options as it sees them.
func runEgg(t *testing.T, cmd *exec.Cmd) (options map[string]any) {
	t.Helper()
	cmd.Env = append(os.Environ(), "EGG_HOME="+t.TempDir(), "EGG_SERVER_ENV=prod")
	var printed strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &printed
	child, err := nodeipc.Start(cmd, nodeipc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	for {
		message, err := child.Receive(nodetest.Context(t))
		if err != nil {
			child.Wait()
			t.Fatalf("the application is not ready: %v; it printed\n%s", err, &printed)
		}
		var ready struct {
			Action string
			Data   struct{ Port int }
		}
		if err := message.Decode(&ready); err != nil || ready.Action != "egg-ready" {
			continue
		}
		defer http.DefaultClient.CloseIdleConnections()
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", ready.Data.Port))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(&options); err != nil {
			t.Fatal(err)
		}
		break
	}
	child.Signal(syscall.SIGTERM)
	if status, err := child.Wait(); err != nil || !status.Success() {
		t.Errorf("it ends with %v, %v, and printed\n%s", status, err, &printed)
	}
	if out := printed.String(); !strings.Contains(out, "[master] egg started on http://127.0.0.1:") || strings.Contains(out, "egg-tool.cjs") {
		t.Errorf("it printed\n%s", out)
	}
	return options
}

// TestEggCommand runs an application by the command.
func TestEggCommand(t *testing.T) {
	for _, egg := range []string{"egg3", "egg4"} {
		t.Run(egg, func(t *testing.T) {
			app := newEggApp(t, egg)
			got := runEgg(t, exec.Command(binary, "egg", "-i", "2", "--port", fmt.Sprint(nodetest.FreePort(t)), "--title", "shop", "--options", `{"mine":7}`, app))
			if got["title"] != "shop" || got["workers"] != 2.0 || got["mine"] != 7.0 || got["baseDir"] != app {
				t.Errorf("the application sees %v", got)
			}
		})
	}
}

// TestEggMaster runs the program as egg-scripts runs Egg's own master.
func TestEggMaster(t *testing.T) {
	for _, egg := range []string{"egg3", "egg4"} {
		t.Run(egg, func(t *testing.T) {
			options := fmt.Sprintf(`{"title":"shop","workers":1,"port":%d,"baseDir":%q}`, nodetest.FreePort(t), newEggApp(t, egg))
			got := runEgg(t, exec.Command(binary, "--no-deprecation", "--trace-warnings", "/scripts/lib/start-cluster", options, "--title=shop"))
			if got["title"] != "shop" || got["workers"] != 1.0 {
				t.Errorf("the application sees %v", got)
			}
		})
	}
}

func TestStartClusterArguments(t *testing.T) {
	for _, c := range []struct {
		line string
		argv []string
		is   bool
	}{
		{`/a/start-cluster {"a":1} --title=t`, []string{}, true},
		{`--inspect -r x /a/start-cluster.mjs {}`, []string{"--inspect", "-r", "x"}, true},
		{`run start-cluster {}`, nil, false},
		{`start-cluster --title=t`, nil, false},
		{`start-cluster`, nil, false},
		{`run app.js`, nil, false},
	} {
		s, is := asStartCluster(strings.Fields(c.line))
		if is != c.is || is && !slices.Equal(s.execArgv, c.argv) {
			t.Errorf("%s is a master's: %t, with %q", c.line, is, s.execArgv)
		}
	}
}

// TestEggThatCannotRun fails with one line that says why.
func TestEggThatCannotRun(t *testing.T) {
	app := newEggApp(t, "egg3")
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"/lib/start-cluster", fmt.Sprintf(`{"startMode":"worker_threads","baseDir":%q}`, app)}, 1, "startMode: worker_threads needs Node's own master"},
		{[]string{"egg", "--options", `{"startMode":"worker_threads"}`, app}, 1, "startMode: worker_threads needs Node's own master"},
		{[]string{"egg", "/nowhere"}, 1, "baseDir: /nowhere/package.json: no such file"},
		{[]string{"egg", "--framework", "gone", app}, 1, "framework: the package gone is not installed"},
		{[]string{"egg", "--node", "/gone/node", app}, 1, "node: "},
		{[]string{"egg", "--options", "[]", app}, 2, "--options: it is no JSON object"},
		{[]string{"egg", "--sched", "sticky", app}, 2, "--sched"},
		{[]string{"egg", app, app}, 2, "accepts at most 1 arg"},
	} {
		out, err := exec.Command(binary, c.args...).CombinedOutput()
		status := 0
		if exit := (*exec.ExitError)(nil); err != nil {
			exit, _ = err.(*exec.ExitError)
			status = exit.ExitCode()
		}
		if status != c.status || !strings.Contains(string(out), c.want) || strings.Count(string(out), "\n") != 1 {
			t.Errorf("%q ends with %d and prints %q, want %d and %q", c.args, status, out, c.status, c.want)
		}
	}
}

// TestEggVariable has the master's flags in a variable.
func TestEggVariable(t *testing.T) {
	cmd := exec.Command(binary, "/lib/start-cluster", fmt.Sprintf(`{"baseDir":%q}`, newEggApp(t, "egg3")))
	cmd.Env = append(os.Environ(), eggVariable+"=--node /gone/node")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "/gone/node") {
		t.Errorf("it prints %q, %v", out, err)
	}
	cmd = exec.Command(binary, "/lib/start-cluster", "{}")
	cmd.Env = append(os.Environ(), eggVariable+"=--workers 2")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "NODECLUSTER_EGG: unknown flag: --workers") {
		t.Errorf("it prints %q, %v", out, err)
	}
}

// TestEggTool runs a program that starts a master as egg-bin does: by fork, with the node that runs it. The workers know nothing of how that changes.
func TestEggTool(t *testing.T) {
	t.Setenv("NODE_OPTIONS", "--no-warnings")
	app := newEggApp(t, "egg4")
	tool := filepath.Join(t.TempDir(), "egg-bin")
	source := fmt.Sprintf(`#!/usr/bin/env node
const { fork } = require('node:child_process');
const options = { workers: 1, port: %d, baseDir: %q, require: [ process.argv[2] ] };
const master = fork('/scripts/start-cluster.cjs', [ JSON.stringify(options) ], { execArgv: [ '--no-deprecation' ] });
master.on('message', m => { if (process.connected) process.send(m); });
master.on('exit', code => { process.exitCode = code; if (process.connected) process.disconnect(); });
process.on('message', () => {});
process.on('SIGTERM', () => master.kill('SIGTERM'));
`, nodetest.FreePort(t), app)
	if err := os.WriteFile(tool, []byte(source), 0o755); err != nil {
		t.Fatal(err)
	}
	seen := filepath.Join(t.TempDir(), "seen.js")
	if err := os.WriteFile(seen, []byte("process.stdout.write('options of node: ' + process.env.NODE_OPTIONS + '\\n');"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := runEgg(t, exec.Command(binary, "egg-tool", tool, seen)); got["workers"] != 1.0 {
		t.Errorf("the application sees %v", got)
	}
}
