package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const oneKilled = "1 of the workers had not left and had to be killed"

// endSignals are those that ask for the end.
var endSignals = map[string]syscall.Signal{
	"SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM, "SIGQUIT": syscall.SIGQUIT,
}

// expectNoStack checks that the program has not ended in the way that Go has for some signals.
func (p *program) expectNoStack() {
	p.t.Helper()
	if strings.Contains(p.stderr.String(), "goroutine ") {
		p.t.Error("the program has printed the stacks of its goroutines")
	}
}

func TestSignalsLetRequestsFinish(t *testing.T) {
	for name, signal := range endSignals {
		t.Run(name, func(t *testing.T) {
			port := nodetest.FreePort(t)
			p := launch(t, portVariable(port), "-i", "2", "--kill-timeout", "1h", nodetest.Script(t, "slow.js", slowServer))
			p.await("listening", 2)
			slow := begin(t, port)
			p.signal(signal)
			awaitRefusal(t, port)
			if rest := slow.finish(); rest != "4\r\ndone\r\n0\r\n\r\n" {
				t.Errorf("the rest of the answer is %q", rest)
			}
			p.expectStatus(0)
			for _, exit := range p.events("exit") {
				if exit.Code == nil || *exit.Code != 0 || !*exit.ExitedAfterDisconnect {
					t.Errorf("a worker's exit is %+v", exit)
				}
			}
		})
	}
}

func TestSecondSignalKills(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "-i", "1", "--kill-timeout", "1h", nodetest.Script(t, "slow.js", slowServer))
	p.await("listening", 1)
	slow := begin(t, port)
	p.signal(syscall.SIGTERM)
	awaitRefusal(t, port)
	p.insist()
	if !slow.isCut() {
		t.Error("the request was answered")
	}
	p.expectKilled()
}

// insist sends signals until the program has ended: those of the first second are taken for one.
func (p *program) insist() {
	p.t.Helper()
	late := time.After(patience)
	for again := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-p.ended:
			again.Stop()
			return
		case <-again.C:
			p.cmd.Process.Signal(syscall.SIGINT)
		case <-late:
			p.t.Fatalf("the program has not ended after %v of signals", patience)
		}
	}
}

// Signals that come within a moment are one: a shell, a terminal and a wrapper may each send theirs.
func TestDoubledSignalIsOne(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "-i", "2", "--kill-timeout", "1h", nodetest.Script(t, "slow.js", slowServer))
	p.await("listening", 2)
	slow := begin(t, port)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM, syscall.SIGINT} {
		p.signal(signal)
		time.Sleep(5 * time.Millisecond)
	}
	awaitRefusal(t, port)
	if rest := slow.finish(); rest != "4\r\ndone\r\n0\r\n\r\n" {
		t.Errorf("the rest of the answer is %q", rest)
	}
	p.expectStatus(0)
}

// What a program was started to ignore does not end it.
func TestIgnoredHangupIsIgnored(t *testing.T) {
	port := nodetest.FreePort(t)
	cmd := runCommand(t, portVariable(port), "-i", "1", app(t, "http.js"))
	cmd.Args = append([]string{"sh", "-c", `trap '' HUP; exec "$@"`, "sh"}, cmd.Args...)
	cmd.Path = "/bin/sh"
	p := launchCommand(t, cmd)
	p.await("listening", 1)
	p.signal(syscall.SIGHUP)
	mustAsk(t, "tcp", localhost(port))
	p.stop()
	if n := len(p.events("exit")); n != 1 {
		t.Errorf("%d workers have ended, want 1", n)
	}
}

// timed keeps running for a timer, and says when it gets a signal.
const timed = `
	setInterval(() => {}, 1000);
	for (const signal of ['SIGTERM', 'SIGUSR2'])
		process.on(signal, () => { require('fs').writeSync(1, signal + '\n'); process.exit(); });
	require('http').createServer((request, response) => response.end()).listen(process.env.PORT);`

// A worker that has left and goes on is told to end soon, whatever the time until it is killed. Its handler runs.
func TestTimerCostsNoTime(t *testing.T) {
	for _, signal := range []string{"SIGTERM", "SIGUSR2"} {
		t.Run(signal, func(t *testing.T) {
			port := nodetest.FreePort(t)
			p := launch(t, portVariable(port), "-i", "2", "--kill-timeout", "1h", "--stop-signal", strings.TrimPrefix(signal, "SIG"),
				nodetest.Script(t, "timed.js", timed))
			p.await("listening", 2)
			p.signal(syscall.SIGTERM)
			p.expectStatus(0)
			if said := p.stdout.String(); said != signal+"\n"+signal+"\n" {
				t.Errorf("the workers have printed %q, want %s of each", said, signal)
			}
			left := map[int]bool{}
			for _, e := range eventsIn(p.stderr.String()) {
				switch {
				case e.Name == "disconnect":
					left[e.Worker] = true
				case e.Name == "exit" && !left[e.Worker]:
					t.Errorf("worker %d ended before it had disconnected", e.Worker)
				}
			}
		})
	}
}

// A handler of the workers' own closes the servers. That of a request under way is not told again.
const closesAtSignal = `
	process.once('SIGTERM', () => { server.close(); require('fs').writeSync(1, 'told\n'); });
	const server = require('http').createServer((req, res) => {
		res.write('begun');
		req.on('end', () => res.end('done')).resume();
	}).listen(process.env.PORT);`

// Where a service manager signals all processes at once, workers that close their servers at the signal finish their requests: they
// are not signalled again while the requests go on.
func TestSignalToAllProcesses(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "-i", "1", "--kill-timeout", "1h", nodetest.Script(t, "closes.js", closesAtSignal))
	worker := p.await("listening", 1)[0]
	slow := begin(t, port)
	p.signal(syscall.SIGTERM)
	if err := syscall.Kill(worker.PID, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.stdout.awaitText(t, "told\n")
	p.await("disconnect", 1)
	time.Sleep(500 * time.Millisecond) // in which a worker that had left would have been told to end
	if rest := slow.finish(); rest != "4\r\ndone\r\n0\r\n\r\n" {
		t.Errorf("the rest of the answer is %q", rest)
	}
	p.expectStatus(0)
	if exit := p.events("exit"); exit[0].Signal != "" {
		t.Errorf("the exit is %+v", exit[0])
	}
}

// A wrapper's child, which is no worker, ends with the wrapper and lets go of its port.
func TestWrappersLeaveNothingBehind(t *testing.T) {
	port := nodetest.FreePort(t)
	wrapper := executable(t, "wrapper", "#!/bin/sh\nenv -u NODE_CHANNEL_FD -u NODE_UNIQUE_ID "+nodetest.Default(t).Path+" "+app(t, "http.js")+" &\nwait\n")
	cmd := runCommand(t, portVariable(port))
	cmd.Args = []string{binary, "run", "--log-format=json", "-i", "1", wrapper}
	p := launchCommand(t, cmd)
	poll(t, "the wrapper's child serves", func() bool {
		_, err := ask("tcp", localhost(port))
		return err == nil
	})
	p.stop()
	awaitRefusal(t, port)
}

// loop is a worker that hears of nothing any more, once it has said so.
const loop = `
	process.on('SIGTERM', () => {});
	require('net').createServer().listen(0, () => {
		require('fs').writeSync(1, 'looping\n');
		for (;;);
	});`

func TestKillTimeout(t *testing.T) {
	for _, timeout := range []string{"100ms", "0"} {
		t.Run(timeout, func(t *testing.T) {
			p := launch(t, nil, "-i", "1", "--kill-timeout", timeout, nodetest.Script(t, "loop.js", loop))
			p.stdout.awaitText(t, "looping\n")
			p.signal(syscall.SIGTERM)
			p.expectKilled()
		})
	}
}

// expectKilled checks the end of a pool of one worker that had to be killed.
func (p *program) expectKilled() {
	p.t.Helper()
	p.expectStatus(1)
	if exit := p.events("exit"); len(exit) != 1 || exit[0].Signal != "SIGKILL" || !*exit[0].ExitedAfterDisconnect {
		p.t.Errorf("the exits are %+v", exit)
	}
	if e := p.events("error"); len(e) != 1 || e[0].Error != oneKilled {
		p.t.Errorf("the errors are %+v, want %q", e, oneKilled)
	}
}

func TestKilledPrimaryLeavesNobodyBehind(t *testing.T) {
	p := launch(t, nil, "-i", "2", nodetest.Script(t, "loop.js", loop))
	p.await("online", 2)
	workers := p.await("fork", 2)
	p.stdout.awaitText(t, "looping\nlooping\n")
	p.signal(syscall.SIGKILL)
	p.wait()
	for _, worker := range workers {
		poll(t, "the worker has ended", func() bool { return isGone(worker.PID) })
	}
}

func TestSignalBeforeWorkersAreOnline(t *testing.T) {
	p := launch(t, nil, "-i", "2", "--kill-timeout", "1h", app(t, "http.js"))
	p.await("fork", 1)
	p.stop()
}

func TestWorkersHaveTheirOwnProcessGroups(t *testing.T) {
	p := launch(t, portVariable(nodetest.FreePort(t)), "-i", "2", app(t, "http.js"))
	for _, worker := range p.await("fork", 2) {
		if group, err := syscall.Getpgid(worker.PID); err != nil || group != worker.PID {
			t.Errorf("the group of worker %d is %d (%v), want %d", worker.Worker, group, err, worker.PID)
		}
	}
	p.await("listening", 2)
	p.stop()
}
