package main

import (
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const oneKilled = "1 of the workers had not left and had to be killed"

func TestSignalsLetRequestsFinish(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM} {
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
	p.signal(syscall.SIGINT)
	if !slow.isCut() {
		t.Error("the request was answered")
	}
	p.expectKilled()
}

// loop is a worker that hears of nothing any more, once it has said so.
const loop = `
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
