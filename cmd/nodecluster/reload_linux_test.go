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

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// released answers with what it has of its release.
const released = `
	require('http').createServer((request, response) => response.end(JSON.stringify({
		script: require('path').basename(__dirname), cwd: require('path').basename(process.cwd()), variable: process.env.RELEASE,
		node: process.execPath, argument: process.argv[2], worker: require('cluster').worker.id,
	}))).listen(process.env.PORT);`

// releaseAnswer is what such a program answers.
type releaseAnswer struct {
	Script, Cwd, Variable, Node, Argument string
	Worker                                int
}

// deployment is a folder of releases, of which a symbolic link is the current one.
type deployment struct {
	t      *testing.T
	folder string
	port   int
}

func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{t: t, folder: t.TempDir(), port: nodetest.FreePort(t)}
	d.release("1", released)
	return d
}

func (d *deployment) path(name string) string { return filepath.Join(d.folder, name) }

// release makes a release the current one.
func (d *deployment) release(name, program string) {
	d.t.Helper()
	if err := os.MkdirAll(d.path(name), 0o755); err != nil {
		d.t.Fatal(err)
	}
	for file, content := range map[string]string{"app.js": program, "env": "RELEASE=" + name + "\n"} {
		if err := os.WriteFile(filepath.Join(d.path(name), file), []byte(content), 0o644); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := os.Symlink(name, d.path("next")); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(d.path("next"), d.path("current")); err != nil {
		d.t.Fatal(err)
	}
}

// launch starts the program in the current release, with paths that lead to whatever is current.
func (d *deployment) launch(args ...string) *program {
	d.t.Helper()
	cmd := runCommand(d.t, portVariable(d.port), append(args, "-i", "2", "--bake", "1ms", "--env-file", "env", "app.js", "argument")...)
	cmd.Dir = d.path("current")
	cmd.Env = append(cmd.Env, "PWD="+cmd.Dir) // as a shell has it
	p := launchCommand(d.t, cmd)
	p.await("listening", 2)
	return p
}

func (d *deployment) ask() (a releaseAnswer) {
	d.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get("http://" + localhost(d.port))
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		d.t.Fatal(err)
	}
	return a
}

// expectRelease checks that workers of a release, and of no other, serve.
func (d *deployment) expectRelease(name string) {
	d.t.Helper()
	for range 4 {
		a := d.ask()
		if a.Script != name || a.Cwd != name || a.Variable != name || a.Argument != "argument" {
			d.t.Errorf("there is an answer of %+v, want release %s", a, name)
		}
	}
}

// With --reload switch all workers change at once, and a spare takes over from a worker that dies.
func TestSwitchAndSpare(t *testing.T) {
	d := newDeployment(t)
	p := d.launch("--reload", "switch", "--spare", "1")
	p.await("listening", 3)
	d.release("2", released)
	p.signal(syscall.SIGHUP)
	p.await("reloaded", 1)
	d.expectRelease("2")
	p.await("listening", 6) // with the next spare
	spare := p.events("listening")[5]
	if err := syscall.Kill(p.events("listening")[4].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.await("listening", 7)
	for served := false; !served && !t.Failed(); {
		a := d.ask()
		served = a.Worker == spare.Worker
	}
	d.expectRelease("2")
	p.stop()
}

// A hang-up replaces the workers by those of the release that is current by then, and no death does.
func TestHangupReloads(t *testing.T) {
	d := newDeployment(t)
	p := d.launch()
	d.expectRelease("1")
	d.release("2", released)
	if err := syscall.Kill(p.events("listening")[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.await("listening", 3)
	d.expectRelease("1")
	p.signal(syscall.SIGHUP)
	if done := p.await("reloaded", 1)[0]; done.Level != "INFO" {
		t.Errorf("the reload is told as %+v", done)
	}
	d.expectRelease("2")
	if n := len(p.await("reload", 1)); n != 1 {
		t.Errorf("%d reloads have begun, want 1", n)
	}
	p.stop()
}

// A release that does not work leaves the workers that there are. The next one is reloaded all the same.
func TestHangupWithWhatDoesNotWork(t *testing.T) {
	d := newDeployment(t)
	p := d.launch("--listen-timeout", "1s")
	errors := 0
	expectError := func(want string) {
		t.Helper()
		p.signal(syscall.SIGHUP)
		errors++
		e := p.await("error", errors)[errors-1]
		if !strings.Contains(e.Error, want) || !strings.HasPrefix(e.Error, "reload: ") || !strings.HasSuffix(e.Error, "; the workers that were there go on") {
			t.Errorf("the error is %q, want %q", e.Error, want)
		}
		d.expectRelease("1")
	}
	d.release("2", "throw new Error('bad')")
	expectError("ended with code 1 before it was ready; it printed: ")
	if e := p.await("error", errors)[errors-1]; !slices.Contains(e.Output, "Error: bad") || !strings.Contains(e.Error, " | Error: bad; ") {
		t.Errorf("the error is %q, with the output %q", e.Error, e.Output)
	}
	d.release("3", "setInterval(() => {}, 1000)")
	expectError(fmt.Sprintf("did not listen on port %d within 1s", d.port))
	d.release("4", released)
	if err := os.WriteFile(d.path("4/env"), []byte("RELEASE\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	expectError("env: line 1: use NAME=VALUE")
	if err := os.Remove(d.path("4/app.js")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.path("4/env"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	expectError("there is no script app.js")
	if err := os.RemoveAll(d.path("4")); err != nil {
		t.Fatal(err)
	}
	expectError("env: there is no such file")
	d.release("5", released)
	p.signal(syscall.SIGHUP)
	p.await("reloaded", 1)
	d.expectRelease("5")
	p.stop()
}

// The node that a link leads to may be another one by the time, and may be gone.
func TestHangupWithAnotherNode(t *testing.T) {
	d := newDeployment(t)
	link := d.path("node")
	if err := os.Symlink(nodetest.Default(t).Path, link); err != nil {
		t.Fatal(err)
	}
	p := d.launch("--node", "../node")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	if e := p.await("error", 1)[0]; !strings.Contains(e.Error, "reload: --node ../node: no such program") {
		t.Errorf("the error is %q", e.Error)
	}
	d.expectRelease("1")
	other := nodeForAll(t)
	if err := os.Symlink(other, link); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.await("reloaded", 1)
	if got := d.ask().Node; got != other {
		t.Errorf("the worker runs under %s, want %s", got, other)
	}
	p.stop()
}

// --wait-ready has a program say itself when it is ready, and --parallel starts several at a time.
func TestReloadFlags(t *testing.T) {
	d := newDeployment(t)
	p := d.launch("--wait-ready", "--parallel", "8", "--listen-timeout", "1h")
	d.release("2", released+"process.on('message', () => {}); require('net').createServer().listen(0, () => process.send('ready'))")
	p.signal(syscall.SIGHUP)
	p.await("reloaded", 1)
	p.stop()
}

// The end of the run ends a reload.
func TestEndInAReload(t *testing.T) {
	d := newDeployment(t)
	p := d.launch("--listen-timeout", "1h")
	d.release("2", "setInterval(() => {}, 1000)")
	p.signal(syscall.SIGHUP)
	p.await("online", 3)
	p.stop()
	if e := p.events("error"); len(e) > 0 {
		t.Errorf("there is the error %q", e[0].Error)
	}
}

// A hang-up of the terminal ends the run, and one of kill reloads it, at a terminal too.
func TestHangupOfATerminal(t *testing.T) {
	port := nodetest.FreePort(t)
	for name, cmd := range map[string]*exec.Cmd{
		"as the leader": runCommand(t, portVariable(port), "-i", "1", app(t, "http.js")),
		"below a shell": belowShell(runCommand(t, portVariable(port), "-i", "1", app(t, "http.js"))),
	} {
		t.Run(name, func(t *testing.T) {
			p, keyboard := launchOnTerminal(t, cmd)
			worker := p.await("listening", 1)[0]
			primary := parentOf(t, worker.PID)
			if err := syscall.Kill(primary, syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			p.await("reloaded", 1)
			mustAsk(t, "tcp", localhost(port))
			keyboard.Close()
			p.wait()
			awaitRefusal(t, port)
		})
	}
}

// belowShell has a shell that controls jobs run a command in the foreground.
func belowShell(cmd *exec.Cmd) *exec.Cmd {
	cmd.Args = append([]string{"bash", "-mc", `"$@"; exit`, "bash"}, cmd.Args...)
	cmd.Path = "/bin/bash"
	return cmd
}

// parentOf is the process that has started another.
func parentOf(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var parent int
	_, after, _ := strings.Cut(string(status), "\nPPid:")
	if _, err := fmt.Sscan(after, &parent); err != nil {
		t.Fatal(err)
	}
	return parent
}
