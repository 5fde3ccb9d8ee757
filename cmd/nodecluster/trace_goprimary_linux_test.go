package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// traced has a command line of nodecluster traced, and reads the trace.
func traced(t *testing.T, cmd *exec.Cmd) (*exec.Cmd, func() []traceEvent) {
	t.Helper()
	outer, read := traceOf(t, cmd.Args...)
	outer.Env, outer.Dir = cmd.Env, cmd.Dir
	return outer, read
}

// TestTraceGoPrimary under load: it deals to all as it does without the trace, and every connection is there with its answer.
func TestTraceGoPrimary(t *testing.T) {
	inBoth(t, func(t *testing.T, s string) {
		port := nodetest.FreePort(t)
		cmd, read := traced(t, runCommand(t, portVariable(port), "-i", "4", "--serialization", s, app(t, "http.js")))
		p := launchCommand(t, cmd)
		p.await("listening", 4)
		const asked = 100
		answers := map[int]int{}
		for range asked {
			answers[mustAsk(t, "tcp", localhost(port)).Worker]++
		}
		p.signal(syscall.SIGTERM)
		p.expectStatus(0)
		// A worker is passed over whose answer has not come yet, so that the parts may differ a little.
		for worker := 1; worker <= 4; worker++ {
			if answers[worker] < asked/5 {
				t.Errorf("the workers have answered %v: worker %d has not its part", answers, worker)
			}
		}
		events := read()
		expectSound(t, events)
		forks := count(events, func(e traceEvent) bool {
			return e.Event == "fork" && e.Worker != "" && e.Serialization == s && slices.Contains(e.Command, app(t, "http.js"))
		})
		connections := count(events, func(e traceEvent) bool { return e.Type == "net.Native" && e.Handles[0].Remote != "" })
		taken := count(events, func(e traceEvent) bool { return field(e.Message, "accepted") == true && e.LatencyMS > 0 })
		if forks != 4 || connections != asked || taken != asked {
			t.Errorf("%d forks, %d connections, %d taken; want 4, %d, %[4]d", forks, connections, taken, asked)
		}
		if got, want := exitsIn(events), "code 0, code 0, code 0, code 0"; got != want {
			t.Errorf("the exits are %s, want %s", got, want)
		}
	})
}

// TestTraceOfGoKeepsLastWords: what a worker has sent is with a Go primary before its exit, and so is what
// a worker's own child has with the worker, whose environment the trace is not to be lost with.
func TestTraceOfGoKeepsLastWords(t *testing.T) {
	script := nodetest.Script(t, "words.js", `
		if (process.argv[2]) {
			process.send('word', () => process.exit(4));
		} else {
			require('child_process').fork(__filename, ['child'], { env: {} }).on('exit', () => {
				for (let i = 0; i < 1000; i++) {
					process.send('x'.repeat(1000), () => i === 999 && process.kill(process.pid, 'SIGKILL'));
				}
			});
		}`)
	cmd, read := traced(t, runCommand(t, nil, "--log-level", "debug", "-i", "1", "--restart", "never", script))
	p := launchCommand(t, cmd)
	p.expectStatus(1)
	if n := len(p.events("message")); n != 1000 {
		t.Errorf("the primary has heard %d messages, want 1000", n)
	}
	if got, want := exitsIn(read()), "SIGKILL, code 4"; got != want {
		t.Errorf("the exits are %s, want %s", got, want)
	}
}

// deathSignalVariable has this test program print the signal that its parent's end would bring it.
const deathSignalVariable = "NODECLUSTER_TEST_DEATH_SIGNAL"

// deathSignal is asked for on the thread that the process began with, as other threads have none.
var deathSignal = func() (s int32) {
	unix.Prctl(unix.PR_GET_PDEATHSIG, uintptr(unsafe.Pointer(&s)), 0, 0, 0)
	return s
}()

// TestTraceOfGoKeepsTheSignalOfDeath of each of many workers, which are traced all at once.
func TestTraceOfGoKeepsTheSignalOfDeath(t *testing.T) {
	const workers = 40
	for name, user := range map[string][]string{"same user": nil, "another user": {"--uid", "65534", "--gid", "65534"}} {
		t.Run(name, func(t *testing.T) {
			if user != nil && os.Geteuid() != 0 {
				t.Skip("only root can be another user")
			}
			args := slices.Concat([]string{"run", "-i", strconv.Itoa(workers), "--restart", "never"}, user, []string{programForAll(t)})
			run := exec.Command(binary, args...)
			run.Dir, run.Env = filepath.Dir(binary), append(os.Environ(), deathSignalVariable+"=1")
			cmd, _ := traced(t, run)
			p := launchCommand(t, cmd)
			p.wait()
			if got, want := p.stdout.String(), strings.Repeat("9\n", workers); got != want {
				t.Errorf("the signals are %q, want %d times SIGKILL", got, workers)
			}
		})
	}
}

// programForAll is this test program where every user may run it.
func programForAll(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return copyForAll(t, self, "program")
}

// TestTraceOfGoWithoutTracer: where that is gone, children start all the same.
func TestTraceOfGoWithoutTracer(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, append(portVariable(port), "NODECLUSTER_TRACE="+t.TempDir()), "-i", "1", app(t, "http.js"))
	p.await("listening", 1)
	mustAsk(t, "tcp", localhost(port))
	p.stop()
}
