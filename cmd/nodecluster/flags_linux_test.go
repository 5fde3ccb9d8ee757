package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// report is what a worker tells of itself.
type report struct {
	Path, Cwd, First, Second, Handle string
	Argv, ExecArgv                   []string
	Drains                           bool
	UID, GID                         int
}

// done is a worker that has nothing to do. One that does not say so stays: its channel keeps Node running.
const done = "process.exit();"

const reporter = `
	const server = require('net').createServer();
	server.listen(0, () => {
		console.log(JSON.stringify({
			path: process.execPath, cwd: process.cwd(), first: process.env.FIRST, second: process.env.SECOND,
			handle: server._handle.constructor.name,
			drains: require('diagnostics_channel').channel('net.server.socket').hasSubscribers,
			argv: process.argv.slice(1), execArgv: process.execArgv, uid: process.getuid(), gid: process.getgid(),
		}));
		process.disconnect();
		server.close();
	});`

// reportOf runs a reporter to its end, in its folder.
func reportOf(t *testing.T, env []string, args ...string) (r report) {
	t.Helper()
	path := nodetest.Script(t, "reporter.js", reporter)
	cmd := runCommand(t, env, append([]string{"-i", "1"}, args...)...)
	cmd.Dir = filepath.Dir(path)
	p := launchCommand(t, cmd)
	p.expectStatus(0)
	if err := json.Unmarshal([]byte(p.stdout.String()), &r); err != nil {
		t.Fatalf("the worker printed %q: %v", p.stdout, err)
	}
	return r
}

func TestInstances(t *testing.T) {
	script := nodetest.Script(t, "nothing.js", done)
	for flag, want := range map[string]int{"-i=3": 3, "--instances=1": 1} {
		t.Run(flag, func(t *testing.T) {
			p := launch(t, nil, flag, script)
			p.expectStatus(0)
			if n := len(p.events("fork")); n != want {
				t.Errorf("%d workers, want %d", n, want)
			}
			for _, said := range p.events("instances") { // of their heaps, where memory has a limit
				if said.Reason != "" {
					t.Errorf("there are that many as %s", said.Reason)
				}
			}
		})
	}
}

func TestNode(t *testing.T) {
	want := nodeForAll(t) // another than the one that all tests give
	if got := reportOf(t, nil, "--node", want, "reporter.js").Path; got != want {
		t.Errorf("the worker ran under %s, want %s", got, want)
	}
}

func TestNodeOnPath(t *testing.T) {
	node := nodetest.Default(t).Path
	path := nodetest.Script(t, "reporter.js", reporter)
	cmd := runCommand(t, []string{"PATH=" + filepath.Dir(node)})
	cmd.Args = []string{binary, "run", "-i", "1", path}
	p := launchCommand(t, cmd)
	p.expectStatus(0)
	if !strings.Contains(p.stdout.String(), `"path":"`+node+`"`) {
		t.Errorf("the worker did not run under %s", node)
	}
}

func TestNodeArgs(t *testing.T) {
	r := reportOf(t, nil, "--node-args", `--max-old-space-size=64 --title="a 'b'" '--unhandled-rejections=strict'`, "reporter.js")
	want := []string{"--max-old-space-size=64", "--title=a 'b'", "--unhandled-rejections=strict"}
	if !slices.Equal(r.ExecArgv, want) {
		t.Errorf("the arguments are %q, want %q", r.ExecArgv, want)
	}
}

func TestScriptArguments(t *testing.T) {
	for _, args := range [][]string{
		{"reporter.js", "-i", "7", "--help", "--", "x y"},
		{"--", "reporter.js", "-i", "7", "--help", "--", "x y"},
	} {
		if got := reportOf(t, nil, args...).Argv; !slices.Equal(got[1:], []string{"-i", "7", "--help", "--", "x y"}) {
			t.Errorf("from %q the script got %q", args, got)
		}
	}
}

func TestScriptNamedLikeAFlag(t *testing.T) {
	path := nodetest.Script(t, "-e.js", done)
	cmd := runCommand(t, nil, "--", filepath.Base(path))
	cmd.Dir = filepath.Dir(path)
	launchCommand(t, cmd).expectStatus(0)
}

func TestFolderAsScript(t *testing.T) {
	for file, content := range map[string]string{"index.js": done, "package.json": `{"main": "reporter.js"}`} {
		t.Run(file, func(t *testing.T) {
			folder := filepath.Dir(nodetest.Script(t, "reporter.js", done))
			if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			launch(t, nil, folder).expectStatus(0)
		})
	}
}

func TestSchedulingPolicy(t *testing.T) {
	// A worker has a real listening socket only when it shares the primary's.
	for _, test := range []struct{ variable, flag, handle string }{
		{"", "", "Object"},
		{"", "--sched=rr", "Object"},
		{"", "--sched=none", "TCP"},
		{"none", "", "TCP"},
		{"rr", "--sched=none", "TCP"},
		{"none", "--sched=rr", "Object"},
	} {
		t.Run("variable "+test.variable+" flag "+test.flag, func(t *testing.T) {
			args := slices.DeleteFunc([]string{test.flag, "reporter.js"}, func(s string) bool { return s == "" })
			if got := reportOf(t, []string{"NODE_CLUSTER_SCHED_POLICY=" + test.variable}, args...).Handle; got != test.handle {
				t.Errorf("the server's handle is a %s, want %s", got, test.handle)
			}
		})
	}
}

func TestCwd(t *testing.T) {
	folder := t.TempDir()
	if got := reportOf(t, nil, "--cwd", folder, "reporter.js"); got.Cwd != folder {
		t.Errorf("the worker's folder is %s, want %s", got.Cwd, folder)
	}
}

func TestEnv(t *testing.T) {
	r := reportOf(t, []string{"FIRST=0"}, "--env", "FIRST=1,x=y", "--env=SECOND=", "reporter.js")
	if r.First != "1,x=y" || r.Second != "" {
		t.Errorf("the variables are %q and %q", r.First, r.Second)
	}
}

func TestSerialization(t *testing.T) {
	script := nodetest.Script(t, "wait.js", "process.on('message', () => {}); process.send('here');")
	for _, serialization := range []string{"json", "advanced"} {
		p := launch(t, nil, "-i", "1", "--serialization", serialization, script)
		worker := p.await("message", 1)[0]
		environ, err := os.ReadFile(procFile(worker.PID, "environ"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(environ), "NODE_CHANNEL_SERIALIZATION_MODE="+serialization+"\x00") {
			t.Errorf("the worker's environment is %q", environ)
		}
		p.stop()
	}
}

// Variables come from the environment, files and --env. Of files Node has the same order.
func TestOrderOfVariables(t *testing.T) {
	const shower = "console.log([1, 2, 3, 4].map((n) => process.env['X' + n]).join(' ')); process.exit();"
	folder := t.TempDir()
	for name, text := range map[string]string{"shower.js": shower, "a.env": "X1=a\nX2=a\nX3=a\nX4=a\n", "b.env": "X1=b\nX3=b\nX4=b\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := append(os.Environ(), "X1=environment", "X4=environment")
	cmd := runCommand(t, nil, "-i", "1", "--env", "X4=flag", "--env-file", "a.env", "--env-file", "b.env", "shower.js")
	cmd.Dir, cmd.Env = folder, env
	p := launchCommand(t, cmd)
	p.expectStatus(0)
	if got, want := p.stdout.String(), "environment a b flag\n"; got != want {
		t.Errorf("the worker has %q, want %q", got, want)
	}
	node := nodetest.Default(t)
	if node.Major < 20 {
		return
	}
	cmd = exec.Command(node.Path, "--env-file=a.env", "--env-file=b.env", "shower.js")
	cmd.Dir, cmd.Env = folder, env
	out, err := cmd.Output()
	if want := "environment a b environment\n"; err != nil || string(out) != want {
		t.Errorf("under node it has %q, %v, want %q", out, err, want)
	}
}

// The number of a worker's place is in one variable, and in another where that is asked for. Successors and other programs have it too.
func TestInstanceVar(t *testing.T) {
	const shower = "const { NODECLUSTER_INSTANCE: a, OTHER: b } = process.env; console.log(a, b, process.pid); setInterval(() => {}, 1000);"
	script := nodetest.Script(t, "shower.js", shower)
	p := launch(t, []string{"OTHER=none"}, "-i", "2", "--mix", "1="+script, "--instance-var", "OTHER", script)
	pids := map[string][]int{}
	await := func(lines int) {
		t.Helper()
		p.stdout.await(t, "the workers' numbers", func(text string) bool { return strings.Count(text, "\n") >= lines })
		clear(pids)
		for line := range strings.Lines(p.stdout.String()) {
			var a, b string
			var pid int
			if _, err := fmt.Sscan(line, &a, &b, &pid); err != nil || a != b {
				t.Errorf("a worker printed %q, %v", line, err)
			}
			pids[a] = append(pids[a], pid)
		}
	}
	await(3)
	if len(pids["0"]) != 1 || len(pids["1"]) != 1 || len(pids["2"]) != 1 {
		t.Errorf("the workers by number are %v", pids)
	}
	if err := syscall.Kill(pids["1"][0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(4)
	if len(pids["1"]) != 2 {
		t.Errorf("after the death of number 1 the workers by number are %v", pids)
	}
	p.stop()
}

// A Node worker drains its connections unless that is turned off.
func TestNoDrain(t *testing.T) {
	for want, args := range map[bool][]string{true: {"reporter.js"}, false: {"--no-drain", "reporter.js"}} {
		if got := reportOf(t, nil, args...).Drains; got != want {
			t.Errorf("with %q the worker drains: %v, want %v", args, got, want)
		}
	}
}
