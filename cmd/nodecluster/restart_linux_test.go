package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// failing is a server that works for a moment.
const failing = "require('net').createServer().listen(0, () => setImmediate(() => process.exit(3)));"

// dated is failing, and prints when it begins and when it is about to end, on a clock that all processes have in common.
const dated = `
	const stamp = () => require('fs').writeSync(1, process.hrtime.bigint() + '\n');
	stamp();
	process.on('exit', stamp);` + failing

func TestPausesGrow(t *testing.T) {
	script := nodetest.Script(t, "failing.js", dated)
	p := launch(t, nil, "-i", "1", "--max-restarts", "3", script)
	p.expectStatus(1)
	if n := len(p.events("fork")); n != 4 {
		t.Fatalf("%d workers, want 4", n)
	}
	stamps := strings.Fields(p.stdout.String())
	if len(stamps) != 2*4 {
		t.Fatalf("the workers printed %q, want when each of 4 began and ended", stamps)
	}
	for i, pause := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond} {
		// However busy the machine is, nothing makes this shorter than the pause.
		if gap := nanoseconds(t, stamps[2*i+2]) - nanoseconds(t, stamps[2*i+1]); gap < pause {
			t.Errorf("worker %d came %v after the one before, want %v at least", i+2, gap, pause)
		}
	}
	for _, exit := range p.events("exit") {
		if exit.Code == nil || *exit.Code != 3 || *exit.ExitedAfterDisconnect {
			t.Errorf("a worker's exit is %+v", exit)
		}
	}
}

func nanoseconds(t *testing.T, text string) time.Duration {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(n)
}

func TestSignalInAPause(t *testing.T) {
	p := launch(t, nil, "-i", "1", nodetest.Script(t, "failing.js", failing))
	p.await("exit", 4)
	signalled := time.Now()
	p.stop()
	// On a busy machine this one may come too late for the fourth pause, which takes 800 ms, but no worker comes after it.
	for i, fork := range p.events("fork") {
		if i >= 4 && fork.Time.After(signalled) {
			t.Errorf("worker %d came %v after the signal", fork.Worker, fork.Time.Sub(signalled))
		}
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

// Workers that serve without the primary, or nobody at all, live as well as others. One that is killed in the first seconds has a
// successor, and the other goes on.
func TestKilledBeforeThePrimaryHearsOfAServer(t *testing.T) {
	for name, source := range map[string]string{
		"serves alone":  "require('net').createServer().listen({ port: 0, exclusive: true });",
		"never listens": "process.on('message', () => {});",
	} {
		t.Run(name, func(t *testing.T) {
			p := launch(t, nil, "-i", "2", "--max-restarts", "0", nodetest.Script(t, "quiet.js", source))
			first := p.await("online", 2)[0]
			if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			p.await("online", 3)
			p.stop()
			for _, exit := range p.events("exit") {
				if exit.Worker != first.Worker && !*exit.ExitedAfterDisconnect {
					t.Errorf("worker %d has not left as it was asked to: %+v", exit.Worker, exit)
				}
			}
		})
	}
}

// A program whose database is not there yet is restarted until it is, where all workers are always to be restarted.
func TestWhatComesLater(t *testing.T) {
	database := filepath.Join(t.TempDir(), "database")
	script := nodetest.Script(t, "needs.js", "require('fs').readFileSync(process.env.DATABASE); require('net').createServer().listen(0);")
	p := launch(t, []string{"DATABASE=" + database}, "-i", "2", "--restart", "always", script)
	p.await("exit", 4)
	if err := os.WriteFile(database, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p.await("listening", 2)
	p.stop()
}

func TestGivingUpIsOneLine(t *testing.T) {
	script := nodetest.Script(t, "failing.js", failing)
	p := launch(t, nil, "--log-format=text", "-i=1", "--max-restarts=0", script)
	p.expectOneError("a worker failed 1 times in a row and is not restarted any more")
}

// recycler listens on a port of all and on a path of its own, and ends.
const recycler = `
	const net = require('net');
	net.createServer().listen(process.env.PORT, () => {
		net.createServer().listen(process.env.FOLDER + '/' + process.pid, () => setImmediate(() => process.exit()));
	});`

// Workers that listen on something else each time leave nothing behind that would use up the descriptors.
func TestRestartsWithFewDescriptors(t *testing.T) {
	const restarts = 20
	node, port, folder := nodetest.Default(t).Path, nodetest.FreePort(t), t.TempDir()
	run := exec.Command("/bin/sh", "-c", `ulimit -n 24 && exec "$0" "$@"`, binary, "run", "--log-format", "json", "--node", node, "-i", "1",
		"--restart", "always", nodetest.Script(t, "recycler.js", recycler))
	run.Env = append(os.Environ(), append(portVariable(port), "FOLDER="+folder)...)
	p := launchCommand(t, run)
	p.await("exit", restarts)
	p.await("listening", 2*restarts)
	conn, err := net.Dial("tcp", localhost(port))
	if err != nil {
		t.Fatalf("after %d restarts: %v", restarts, err)
	}
	conn.Close()
	p.stop()
	for _, e := range p.events("error") {
		t.Errorf("an error: %s", e.Error)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("in the folder of the sockets there are %v, %v", left, err)
	}
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
