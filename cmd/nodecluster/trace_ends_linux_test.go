package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// TestTraceEndsAsTheProgram: with its exit code or by its signal, those too that Go's runtime uses.
func TestTraceEndsAsTheProgram(t *testing.T) {
	const nothing = "nothing was traced: sh has run no Node program with the trace's NODE_OPTIONS and forked nothing with nodeipc, and only of those the channels can be traced (not Deno's, not Bun's)"
	for script, want := range map[string]string{
		"exit 0":        "exit status 0",
		"exit 42":       "exit status 42",
		"kill -TERM $$": "signal: terminated",
		"kill -KILL $$": "signal: killed",
		"kill -ABRT $$": "signal: aborted",
		"kill -QUIT $$": "signal: quit",
		"kill -SEGV $$": "signal: segmentation fault",
		"kill -USR1 $$": "signal: user defined signal 1",
	} {
		t.Run(script, func(t *testing.T) {
			p := launchCommand(t, exec.Command(binary, "trace", "--out", os.DevNull, "--", "sh", "-c", script))
			p.wait()
			if got := p.cmd.ProcessState.String(); got != want || p.stderr.String() != "nodecluster: trace: "+nothing+"\n" {
				t.Errorf("it ends with %s and prints %q, want %s and %q", got, p.stderr, want, nothing)
			}
		})
	}
}

// TestTraceShowsExits of children whose parent hears of them, of one that outlives its parent, of those of a parent that
// is killed, and of a worker thread's.
func TestTraceShowsExits(t *testing.T) {
	script := nodetest.Script(t, "exits.js", `
		const { fork } = require('child_process');
		const { Worker, isMainThread } = require('worker_threads');
		const [, , role, ...args] = process.argv;
		const start = (...args) => fork(__filename, args);
		switch (isMainThread ? role : 'thread') {
		case undefined:
			new Worker(__filename);
			start('code', 3);
			start('waits').on('message', function() { this.kill('SIGKILL'); });
			start('killed');
			start('outlives');
			break;
		case 'thread': start('code', 4); break;
		case 'code': process.exitCode = Number(args[0]); process.disconnect(); break;
		case 'waits': process.on('message', () => {}).send('ready'); break;
		case 'killed': start('waits').on('message', () => process.kill(process.pid, 'SIGKILL')); break;
		case 'outlives': start('stays').on('message', () => process.exit(5)); break;
		case 'stays': process.on('disconnect', () => setTimeout(() => process.exit(6), 50)).send('ready'); break;
		}`)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		cmd, read := traceOf(t, node.Path, script)
		launchCommand(t, cmd).expectStatus(0)
		events := read()
		if got, want := exitsIn(events), "SIGKILL, SIGKILL, code 0, code 3, code 4, code 5, code 6"; got != want {
			t.Errorf("the exits are %s, want %s", got, want)
		}
		gone := map[int]bool{}
		for _, e := range events {
			if gone[e.Channel] {
				t.Errorf("after the exit of its child there is %+v", e)
			}
			gone[e.Channel] = e.Event == "exit"
		}
	})
}

// signalReporter says which signals it gets, and leaves at the second one.
const signalReporter = `
	let got = 0;
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGQUIT']) {
		process.on(signal, () => {
			console.log('got', signal);
			if (++got === 2) {
				process.exit();
			}
		});
	}
	console.log('ready');
	setInterval(() => {}, 1000);`

// A child that is ended at once, before it can say what it is perhaps, ends as without a trace.
func TestTraceOfAnAbortedChild(t *testing.T) {
	script := nodetest.Script(t, "aborted.js", `
		const controller = new AbortController();
		controller.abort();
		require('child_process').fork(__filename, ['child'], { signal: controller.signal })
			.on('error', ({ code }) => console.log(code)).on('exit', (...how) => console.log(...how));`)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		p := launchCommand(t, exec.Command(binary, "trace", node.Path, script))
		p.expectStatus(0)
		if got, want := p.stdout.String(), "ABORT_ERR\nnull SIGTERM\n"; got != want {
			t.Errorf("the program prints %q, want %q", got, want)
		}
	})
}

func TestTracePassesSignalsOn(t *testing.T) {
	cmd := exec.Command(binary, "trace", "--out", os.DevNull, nodetest.Default(t).Path, nodetest.Script(t, "signals.js", signalReporter))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // without the terminal that the tests may have been started on
	p := launchCommand(t, cmd)
	p.stdout.awaitText(t, "ready")
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p.signal(s)
		p.stdout.awaitText(t, "got "+map[syscall.Signal]string{syscall.SIGTERM: "SIGTERM", syscall.SIGINT: "SIGINT"}[s])
	}
	p.expectStatus(0)
}

// TestTraceOnATerminal: the program gets a Ctrl-C from the terminal, and not once more.
func TestTraceOnATerminal(t *testing.T) {
	p, keyboard := launchOnTerminal(t, exec.Command(binary, "trace", "--out", os.DevNull, nodetest.Default(t).Path, nodetest.Script(t, "signals.js", signalReporter)))
	p.stderr.awaitText(t, "ready")
	press(t, keyboard, controlC)
	p.stderr.awaitText(t, "got SIGINT")
	p.signal(syscall.SIGTERM)
	p.stderr.awaitText(t, "got SIGTERM")
	p.expectStatus(0)
	if n := strings.Count(p.stderr.String(), "got SIGINT"); n != 1 {
		t.Errorf("the program got SIGINT %d times", n)
	}
}

// survivor leaves a child behind that still talks to a child of its own.
const survivor = `
	const { fork } = require('child_process');
	if (!process.argv[2]) {
		const child = fork(__filename, ['middle'], { detached: true });
		child.on('message', () => process.exit(5));
	} else if (process.argv[2] === 'middle') {
		const child = fork(__filename, ['last']);
		child.on('message', (n) => {
			if (n === 0) {
				process.send('go');
			} else if (n === 20) {
				console.log('done');
				process.exit();
			} else {
				child.send(n);
			}
		});
		process.on('disconnect', () => {
			console.log('middle is alone');
			child.send(0);
		});
	} else {
		process.on('message', (n) => process.send(n + 1)).send(0);
	}`

// TestTraceWaitsForAll: the channels of what a program leaves behind go on.
func TestTraceWaitsForAll(t *testing.T) {
	cmd, read := traceOf(t, nodetest.Default(t).Path, nodetest.Script(t, "survivor.js", survivor))
	p := launchCommand(t, cmd)
	p.expectStatus(5)
	if got := p.stdout.String(); got != "middle is alone\ndone\n" {
		t.Errorf("standard output is %q", got)
	}
	if n := count(read(), func(e traceEvent) bool { return e.Kind == "message" && e.Message == 20.0 }); n != 1 {
		t.Errorf("the last message is %d times in the trace", n)
	}
}

// TestTraceIsLeft: once the program has ended, a signal ends the wait for what it has left behind.
func TestTraceIsLeft(t *testing.T) {
	written := filepath.Join(t.TempDir(), "written")
	script := nodetest.Script(t, "left.js", `
		const { fork } = require('child_process');
		if (process.argv[2] === 'written') {
			process.on('message', () => {
				require('fs').writeFileSync(`+text(written)+`, process.env.NODECLUSTER_TRACE);
				process.disconnect();
			});
		} else if (process.argv[2]) {
			process.on('disconnect', () => console.log('alone')).on('SIGUSR2', () => fork(__filename, ['written']).send('write')).send('ready');
			setInterval(() => {}, 1000);
		} else {
			const child = fork(__filename, ['left'], { detached: true });
			child.on('message', () => {
				console.log(child.pid);
				process.exit(6);
			});
		}`)
	p, _ := launchOnTerminal(t, exec.Command(binary, "trace", "--out", os.DevNull, nodetest.Default(t).Path, script))
	p.stderr.awaitText(t, "alone")
	p.stderr.awaitText(t, "has ended, but not all that it has started")
	var child int
	for _, pid := range childrenOf(p.cmd.Process.Pid) {
		child = pid
	}
	p.signal(syscall.SIGINT)
	p.expectStatus(6)
	// What is left goes on as before, and so do those that it starts.
	if err := syscall.Kill(child, syscall.SIGUSR2); err != nil {
		t.Error(err)
	}
	poll(t, "a child of what is left", func() bool {
		folder, err := os.ReadFile(written)
		if err != nil || len(folder) == 0 {
			return false
		}
		return os.RemoveAll(string(folder)) == nil
	})
	if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

// TestTraceKeepsLastWords before the exit: what a child has sent is with its parent when that hears of the end, as it
// is, but on a busy machine, without a trace.
func TestTraceKeepsLastWords(t *testing.T) {
	script := nodetest.Script(t, "words.js", `
		const { fork } = require('child_process');
		if (process.argv[2]) {
			for (let i = 0; i < 1000; i++) {
				process.send({ i, text: 'x'.repeat(1000) }, () => i === 999 && process.exit(3));
			}
		} else {
			for (let n = 0; n < 5; n++) {
				let words = 0;
				fork(__filename, ['child']).on('message', () => words++).on('exit', () => console.log(words, 'words'));
			}
		}`)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		p := launchCommand(t, exec.Command(binary, "trace", "--out", os.DevNull, node.Path, script))
		p.expectStatus(0)
		if got, want := p.stdout.String(), strings.Repeat("1000 words\n", 5); got != want {
			t.Errorf("it prints\n%swant\n%s", got, want)
		}
	})
}

// TestTraceOfBrokenMessages shows them, and changes nothing of what comes of them.
func TestTraceOfBrokenMessages(t *testing.T) {
	script := nodetest.Script(t, "broken.js", `
		const fs = require('fs');
		const { fork } = require('child_process');
		if (process.argv[2]) {
			fs.writeSync(3, '"right"\n{"no": JSON}\n"half');
			process.exit();
		} else {
			const child = fork(__filename, ['child']);
			child.on('message', (m) => console.log('message', m)).on('disconnect', () => console.log('disconnect'));
			process.on('uncaughtException', ({ name }) => console.log(name));
		}`)
	events := sameWithTrace(t, nodetest.Default(t).Path, script)
	broken := count(events, func(e traceEvent) bool { return e.Kind == "broken" && strings.Contains(e.Error, `"{\"no\": JSON}"`) })
	halves := count(events, func(e traceEvent) bool { return e.Event == "end" && e.Partial == 5 })
	if broken != 1 || halves != 1 {
		t.Errorf("%d broken messages and %d halves, want one of each: %+v", broken, halves, events)
	}
}

// TestTraceOfOtherRuntimes: a Node program's children may be any programs.
func TestTraceOfOtherRuntimes(t *testing.T) {
	script := nodetest.Script(t, "child.cjs", `
		process.on('message', (m, handle) => {
			process.send({ got: m, handle: !!handle });
			process.disconnect();
		});`)
	nodetest.DenoAndBun(t, func(t *testing.T, other nodetest.Runtime) {
		args := []string{script}
		if other.Name == "deno" {
			args = []string{"run", "--no-config", "--allow-all", script}
		}
		parent := nodetest.Script(t, "parent.cjs", `
			const child = require('child_process').spawn(`+text(other.Path)+`, `+text(args)+`, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
			child.on('message', (m) => console.log(m)).on('exit', (code) => console.log('exit', code));
			child.send({ hello: 1 });`)
		expectSound(t, sameWithTrace(t, nodetest.Default(t).Path, parent))
	})
}
