package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestErrorsBeforeTheStart(t *testing.T) {
	const see = " (see nodecluster run --help)"
	folder := t.TempDir()
	for name, content := range map[string]string{"ok.js": "", "plain.txt": "", "bad.env": "X=1\nY\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "program"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args, line string
		status     int
	}{
		{"run", "no SCRIPT to run" + see, 2},
		{"run --nonsense ok.js", "unknown flag: --nonsense" + see, 2},
		{"ok.js", `unknown command "ok.js" for "nodecluster" (see nodecluster --help)`, 2},
		{"egg --workers x", `invalid argument "x" for "-i, --workers" flag: use a whole number (see nodecluster egg --help)`, 2},
		{"egg --port 99999999999999999999", `invalid argument "99999999999999999999" for "-p, --port" flag: use a whole number (see nodecluster egg --help)`, 2},
		{"egg --sticky=x", `invalid argument "x" for "--sticky" flag: use true or false, or no value (see nodecluster egg --help)`, 2},
		{"trigger web action --timeout 5", `invalid argument "5" for "--timeout" flag: use a duration such as 500ms, 10s or 2m (see nodecluster trigger --help)`, 2},
		{"run -i 0 ok.js", `invalid argument "0" for "-i, --instances" flag: use a number from 1 on, auto, or -1 for one less than there are CPUs` + see, 2},
		{"run --worker-memory 1T ok.js", `invalid argument "1T" for "--worker-memory" flag: use a size in bytes, such as 512K, 128M or 1G` + see, 2},
		{"run --node= ok.js", `invalid argument "" for "--node" flag: use a program's name or path` + see, 2},
		{"run --node-args ' ok.js", `invalid argument "'" for "--node-args" flag: a quote or a backslash is not complete` + see, 2},
		{"run --node-args -x program", "--node-args are for scripts, but program is run by itself; add --node PROGRAM" + see, 2},
		{"run --sched fair ok.js", `invalid argument "fair" for "--sched" flag: use one of [rr none reuseport sticky least]` + see, 2},
		{"run --sticky-key ip ok.js", `invalid argument "ip" for "--sticky-key" flag: sticky key "ip" is not known; use header:NAME, cookie:NAME, query:NAME, proxy-protocol or sni` + see, 2},
		{"run --sticky-listen x ok.js", `invalid argument "x" for "--sticky-listen" flag: use a port, such as 3000, or an address, such as 127.0.0.1:3000` + see, 2},
		{"run --sticky-listen 0 ok.js", `invalid argument "0" for "--sticky-listen" flag: use a port from 1 to 65535` + see, 2},
		{"run --serialization xml ok.js", `invalid argument "xml" for "--serialization" flag: use one of [json advanced]` + see, 2},
		{"run --cwd nowhere ok.js", `invalid argument "nowhere" for "--cwd" flag: there is no such folder` + see, 2},
		{"run --cwd ok.js ok.js", `invalid argument "ok.js" for "--cwd" flag: it is not a folder` + see, 2},
		{"run --env X ok.js", "--env X: use NAME=VALUE; a NAME alone is for a FILE, of which it takes env_X" + see, 2},
		{"run --env =X ok.js", `invalid argument "=X" for "--env" flag: use NAME=VALUE` + see, 2},
		{"run --env-file gone ok.js", `invalid argument "gone" for "--env-file" flag: there is no such file` + see, 2},
		{"run --env-file . ok.js", `invalid argument "." for "--env-file" flag: is a directory` + see, 2},
		{"run --env-file bad.env ok.js", `invalid argument "bad.env" for "--env-file" flag: line 2: use NAME=VALUE` + see, 2},
		{"run --instance-var A=B ok.js", `invalid argument "A=B" for "--instance-var" flag: use the name of a variable` + see, 2},
		{"run --uid no.body ok.js", `invalid argument "no.body" for "--uid" flag: there is no user "no.body"` + see, 2},
		{"run --gid no.body ok.js", `invalid argument "no.body" for "--gid" flag: there is no group "no.body"` + see, 2},
		{"run --restart once ok.js", `invalid argument "once" for "--restart" flag: use one of [always on-failure never]` + see, 2},
		{"run --min-port 65536 ok.js", `invalid argument "65536" for "--min-port" flag: use a number from 1 to 65535` + see, 2},
		{"run --max-restarts -1 ok.js", `invalid argument "-1" for "--max-restarts" flag: use a number from 0 on` + see, 2},
		{"run --max-message-size 0M ok.js", `invalid argument "0M" for "--max-message-size" flag: use a size in bytes, such as 512K, 128M or 1G` + see, 2},
		{"run --max-message-size M ok.js", `invalid argument "M" for "--max-message-size" flag: use a size in bytes, such as 512K, 128M or 1G` + see, 2},
		{"run --max-message-size 9999999999G ok.js", `invalid argument "9999999999G" for "--max-message-size" flag: use a size in bytes, such as 512K, 128M or 1G` + see, 2},
		{"run --max-memory 0 ok.js", `invalid argument "0" for "--max-memory" flag: use a size in bytes, such as 512K, 128M or 1G` + see, 2},
		{"run --max-lifetime -1s ok.js", `invalid argument "-1s" for "--max-lifetime" flag: use a duration such as 500ms, 10s or 2m, or a number of milliseconds` + see, 2},
		{"run --max-connections 0 ok.js", `invalid argument "0" for "--max-connections" flag: use a number from 1 on` + see, 2},
		{"run --autoscale 8-2 ok.js", `invalid argument "8-2" for "--autoscale" flag: use two numbers from 1 on, such as 2-8` + see, 2},
		{"run --autoscale 8 ok.js", `invalid argument "8" for "--autoscale" flag: use two numbers from 1 on, such as 2-8` + see, 2},
		{"run --cron @never ok.js", `invalid argument "@never" for "-c, --cron" flag: unrecognized descriptor: @never: use a cron expression such as "0 4 * * *" or "@daily"` + see, 2},
		{"run --readiness healthz ok.js", `invalid argument "healthz" for "--readiness" flag: use /PATH, a URL, tcp, tcp:PORT or exec:COMMAND` + see, 2},
		{"run --liveness tcp:0 ok.js", `invalid argument "tcp:0" for "--liveness" flag: use a port from 1 to 65535` + see, 2},
		{"run --health-failures 0 ok.js", `invalid argument "0" for "--health-failures" flag: use a number from 1 on` + see, 2},
		{"run --startup-timeout 1s ok.js", "--startup-timeout is for --startup: add it" + see, 2},
		{"run --health-failures 2 --startup tcp ok.js", "--health-period, --health-timeout and --health-failures are for --readiness and --liveness: add one of them" + see, 2},
		{"run --health-period 1s ok.js", "--health-period, --health-timeout and --health-failures are for --readiness and --liveness: add one of them" + see, 2},
		{"run --replace-blocked ok.js", "--replace-blocked is for --max-lag: add it" + see, 2},
		{"run --parallel 0 ok.js", `invalid argument "0" for "--parallel" flag: use a number from 1 on` + see, 2},
		{"run --bake 1x ok.js", `invalid argument "1x" for "--bake" flag: use a duration such as 500ms, 10s or 2m, or a number of milliseconds` + see, 2},
		{"run --kill-timeout five ok.js", `invalid argument "five" for "-k, --kill-timeout" flag: use a duration such as 500ms, 10s or 2m, or a number of milliseconds` + see, 2},
		{"run --log-format xml ok.js", `invalid argument "xml" for "--log-format" flag: use one of [text json none]` + see, 2},
		{"run --log-level all ok.js", `invalid argument "all" for "--log-level" flag: use one of [error warn info debug]` + see, 2},
		{"run gone.js", "there is no script gone.js", 1},
		{"run .", "the folder . has no package.json and no index.js: name the script in it", 1},
		{"run plain.txt", "plain.txt is neither a script (.js .cjs .mjs .ts .mts .cts) nor an executable: make it one, or say with --node what runs it", 1},
		{"run ok.js", "no node on PATH: install Node.js, or say with --node where it is", 1},
		{"run --node gone ok.js", "--node gone: no such program", 1},
		{"run --node ./plain.txt ok.js", "--node ./plain.txt: it is not executable", 1},
		{"trace", "no COMMAND to run, such as node app.js (see nodecluster trace --help)", 2},
		{"trace --nonsense true", "unknown flag: --nonsense (see nodecluster trace --help)", 2},
		{"trace --format xml true", `invalid argument "xml" for "--format" flag: use one of [text json] (see nodecluster trace --help)`, 2},
		{"trace --out gone/file true", "cannot write the trace: there is no folder gone: make it, or name another file by --out", 1},
		{"trace gone", "there is no program gone", 127},
		{"trace ./gone", "there is no program ./gone", 127},
		{"trace ./plain.txt", "cannot run ./plain.txt: permission denied", 126},
		{"trace -- ./ok.js", "cannot run ./ok.js: permission denied", 126},
		{"trace-exec", "trace: trace-exec is for the use of nodecluster trace only", 126},
	} {
		t.Run(test.args, func(t *testing.T) {
			cmd := exec.Command(binary, strings.Fields(test.args)...)
			cmd.Dir = folder
			cmd.Env = append(os.Environ(), "PATH="+t.TempDir())
			p := launchCommand(t, cmd)
			p.expectStatus(test.status)
			if got, want := p.stderr.String(), "nodecluster: "+test.line+"\n"; got != want {
				t.Errorf("standard error is %q, want %q", got, want)
			}
			if p.stdout.String() != "" {
				t.Errorf("standard output is %q", p.stdout)
			}
		})
	}
}

// expectOneError checks the text log for the one line that is not about a worker's life.
func (p *program) expectOneError(want string) {
	p.t.Helper()
	p.expectStatus(1)
	var lines []string
	for line := range strings.Lines(p.stderr.String()) {
		if strings.HasPrefix(line, "nodecluster: ") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 1 || lines[0] != "nodecluster: "+want+"\n" {
		p.t.Errorf("the errors are %q, want %q", lines, want)
	}
}

func TestScriptThatThrows(t *testing.T) {
	script := nodetest.Script(t, "broken.js", "throw new Error('broken');")
	for _, restart := range []string{"on-failure", "never"} {
		t.Run(restart, func(t *testing.T) {
			p := launch(t, nil, "--log-format=text", "-i=2", "--restart", restart, script)
			p.expectOneError(script + " ended with code 1 before it listened; what it printed says why")
			if !strings.Contains(p.stderr.String(), "Error: broken") {
				t.Error("what the script printed is missing")
			}
		})
	}
	t.Run("json", func(t *testing.T) {
		p := launch(t, nil, script)
		p.expectStatus(1)
		want := script + " ended with code 1 before it listened; what it printed says why"
		if got := p.events("error"); len(got) != 1 || got[0].Error != want || got[0].Level != "ERROR" {
			t.Errorf("the errors are %+v, want %q", got, want)
		}
	})
}

func TestTwoPoolsOnOnePort(t *testing.T) {
	port := nodetest.FreePort(t)
	first := launch(t, portVariable(port), "-i", "1", app(t, "http.js"))
	first.await("listening", 1)
	second := launch(t, portVariable(port), "--log-format=text", "-i=2", app(t, "http.js"))
	second.expectOneError(app(t, "http.js") + " ended with code 1: listen on port " + strconv.Itoa(port) + ": address already in use")
	mustAsk(t, "tcp", localhost(port))
	first.stop()
}

func TestHelpNamesEachFlag(t *testing.T) {
	p := launchCommand(t, exec.Command(binary, "run", "--help"))
	p.expectStatus(0)
	for _, want := range []string{
		"-i, --instances N|auto", "--worker-memory SIZE", "--node PROGRAM", "--node-args ARGS", "--sched rr|none|reuseport|sticky|least", "--sticky-key KEY", "--sticky-listen PORT|ADDRESS", "--serialization json|advanced", "--max-message-size SIZE",
		"--cwd FOLDER", "--env K=V", "--env-file FILE", "--instance-var NAME", "--uid USER", "--gid GROUP", "--min-port PORT", "--restart always|on-failure|never", "--max-restarts N",
		"--kill-timeout DURATION", "--listen-timeout DURATION", "--wait-ready", "--bake DURATION", "--parallel N", "--max-memory SIZE", "--max-lifetime DURATION", "--max-connections N", "--cron EXPRESSION", "--autoscale MIN-MAX", "--no-memory-guard", "--readiness CHECK", "--liveness CHECK", "--startup CHECK", "--startup-timeout DURATION", "--health-period DURATION", "--health-timeout DURATION", "--health-failures N", "--max-lag DURATION", "--replace-blocked", "--lame-duck DURATION", "--log-format text|json|none", "--log-level error|warn|info|debug", "nodecluster run [flags] SCRIPT|FILE [ARGS...]",
		"PORT=3000 nodecluster run --instances 2 server.js",
	} {
		if !strings.Contains(p.stdout.String(), want) {
			t.Errorf("the help does not say %q", want)
		}
	}
}

// What breaks a channel is one error in the log, beside the worker's disconnection.
func TestBrokenChannelIsToldOnce(t *testing.T) {
	path := executable(t, "broken", "#!/bin/sh\necho nonsense >&3\nexec sleep 1000\n")
	cmd := exec.Command(binary, "run", "--log-format", "json", "-i", "1", path)
	p := launchCommand(t, cmd)
	disconnected := p.await("disconnect", 1)[0]
	p.stop()
	var errs []string
	for _, e := range p.events("error") {
		errs = append(errs, e.Error)
		if e.Worker != disconnected.Worker {
			t.Errorf("the error is about worker %d", e.Worker)
		}
	}
	if len(errs) != 1 || !strings.HasPrefix(errs[0], "the channel of worker 1: the peer broke the protocol") {
		t.Errorf("the errors are %q", errs)
	}
}

// A message over the limit ends the channel of its worker, and the log says which flag sets the limit.
func TestMaxMessageSize(t *testing.T) {
	script := nodetest.Script(t, "long.js", "process.send('x'.repeat(3000), () => {}); process.on('disconnect', () => process.exit(1));")
	p := launch(t, nil, "-i", "1", "--restart", "never", "--max-message-size", "2K", script)
	disconnected := p.await("disconnect", 1)[0]
	p.expectStatus(1)
	errs := p.events("error")
	if len(errs) == 0 || errs[0].Worker != disconnected.Worker ||
		errs[0].Error != "the channel of worker 1: nodeipc: the message is larger than the channel's limit of 2048 bytes; --max-message-size allows more" {
		t.Errorf("the errors are %+v", errs)
	}
}
