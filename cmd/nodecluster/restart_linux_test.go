package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// failing is a server that works for a moment.
const failing = "require('net').createServer().listen(0, () => setImmediate(() => process.exit(3)));"

func TestPausesGrow(t *testing.T) {
	script := nodetest.Script(t, "failing.js", failing)
	p := launch(t, nil, "-i", "1", "--max-restarts", "3", script)
	p.expectStatus(1)
	forks := p.events("fork")
	if len(forks) != 4 {
		t.Fatalf("%d workers, want 4", len(forks))
	}
	for i, pause := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond} {
		// A worker's life makes the time from one to the next longer, but nothing makes it shorter.
		if gap := forks[i+1].Time.Sub(forks[i].Time); gap < pause {
			t.Errorf("worker %d came %v after the one before, want %v at least", forks[i+1].Worker, gap, pause)
		}
	}
	for _, exit := range p.events("exit") {
		if exit.Code == nil || *exit.Code != 3 || *exit.ExitedAfterDisconnect {
			t.Errorf("a worker's exit is %+v", exit)
		}
	}
}

func TestSignalInAPause(t *testing.T) {
	p := launch(t, nil, "-i", "1", nodetest.Script(t, "failing.js", failing))
	p.await("exit", 4)
	p.stop()
	if n := len(p.events("fork")); n != 4 {
		t.Errorf("%d workers, want 4", n)
	}
}

func TestKilledWorkersAreNoFailures(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, portVariable(port), "-i", "1", "--max-restarts", "0", app(t, "http.js"))
	for n := 1; n <= 4; n++ {
		worker := p.await("listening", n)[n-1]
		if err := syscall.Kill(worker.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	p.await("listening", 5)
	mustAsk(t, "tcp", localhost(port))
	p.stop()
}

func TestKilledBeforeListeningIsAFailure(t *testing.T) {
	p := launch(t, nil, "-i", "1", nodetest.Script(t, "killed.js", "process.kill(process.pid, 'SIGKILL');"))
	p.expectStatus(1)
	if n := len(p.events("fork")); n != 1 {
		t.Errorf("%d workers of a program that never listens, want 1", n)
	}
}

func TestGivingUpIsOneLine(t *testing.T) {
	script := nodetest.Script(t, "failing.js", failing)
	p := launch(t, nil, "--log-format=text", "-i=1", "--max-restarts=0", script)
	p.expectOneError("a worker failed 1 times in a row and is not restarted any more")
}

func TestRestartNever(t *testing.T) {
	script := nodetest.Script(t, "failing.js", failing)
	p := launch(t, nil, "--log-format=text", "-i=1", "--restart=never", script)
	p.expectOneError(script + " ended with code 3")
}

func TestRestartAlways(t *testing.T) {
	p := launch(t, nil, "-i", "1", "--restart", "always", nodetest.Script(t, "done.js", done))
	for _, exit := range p.await("exit", 3) {
		if exit.Code == nil || *exit.Code != 0 {
			t.Errorf("a worker's exit is %+v", exit)
		}
	}
	p.await("fork", 4)
	p.stop()
}

func TestFinishedWorkersHaveNoSuccessors(t *testing.T) {
	for _, restart := range []string{"on-failure", "never"} {
		t.Run(restart, func(t *testing.T) {
			p := launch(t, nil, "-i", "2", "--restart", restart, nodetest.Script(t, "done.js", done))
			p.expectStatus(0)
			if n := len(p.events("fork")); n != 2 {
				t.Errorf("%d workers, want 2", n)
			}
		})
	}
}
