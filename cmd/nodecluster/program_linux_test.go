package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const patience = nodetest.Patience

// ownHeap has workers keep the heap that Node gives them: a memory limit of the machine that tests adds nothing to the log.
const ownHeap = "--node-args=--max-old-space-size=0"

// program is a running nodecluster.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *output
	stderr *output
	ended  chan struct{}
}

// launch starts the program, whose log is JSON unless the arguments say otherwise. At the end of the test it must
// have ended and left no process behind.
func launch(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	return launchCommand(t, runCommand(t, env, args...))
}

// runCommand is the command line of nodecluster run under the default Node.
func runCommand(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	node := nodetest.Default(t).Path
	cmd := exec.Command(binary, append([]string{"run", "--log-format", "json", "--node", node}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

func launchCommand(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	nodetest.NoLeaks(t)
	p := &program{t: t, cmd: cmd, stdout: newOutput(), stderr: newOutput(), ended: make(chan struct{})}
	mark := newMark()
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	// The race detector would have each program wait for a second at its end.
	cmd.Env = append(cmd.Env, mark, "GORACE=atexit_sleep_ms=0")
	if cmd.Stdout == nil {
		cmd.Stdout = p.stdout
	}
	if cmd.Stderr == nil {
		cmd.Stderr = p.stderr
	}
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		if err := cmd.Wait(); errors.Is(err, exec.ErrWaitDelay) {
			t.Errorf("the output is still open after the end: %v", err)
		}
		p.stdout.end()
		if cmd.Stderr == p.stderr { // else a terminal's reader ends it
			p.stderr.end()
		}
	}()
	t.Cleanup(func() {
		select {
		case <-p.ended:
		default:
			t.Error("the program still runs at the end of the test")
			cmd.Process.Kill()
		}
		expectNoProcess(t, mark)
		<-p.ended
		if strings.Contains(p.stderr.String(), "DATA RACE") {
			t.Error("the program has a data race")
		}
		if t.Failed() {
			t.Logf("standard output:\n%s\nstandard error:\n%s", p.stdout, p.stderr)
		}
	})
	return p
}

func (p *program) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// wait gives the exit status.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("the program has not ended after %v", patience)
	}
	return p.cmd.ProcessState.ExitCode()
}

// stop ends the program in the gentle way.
func (p *program) stop() {
	p.t.Helper()
	p.signal(syscall.SIGINT)
	p.expectStatus(0)
}

func (p *program) expectStatus(want int) {
	p.t.Helper()
	if got := p.wait(); got != want {
		p.t.Fatalf("exit status %d (%v), want %d", got, p.cmd.ProcessState, want)
	}
}

// await waits until there are n events of that name, and gives them.
func (p *program) await(name string, n int) []event {
	p.t.Helper()
	var found []event
	p.stderr.await(p.t, fmt.Sprintf("%d events %q", n, name), func(text string) bool {
		found = slices.DeleteFunc(eventsIn(text), func(e event) bool { return e.Name != name })
		return len(found) >= n
	})
	return found
}

func (p *program) events(name string) []event {
	return slices.DeleteFunc(eventsIn(p.stderr.String()), func(e event) bool { return e.Name != name })
}

var marks atomic.Int32

// newMark is a variable that tells the processes of one launch from all others.
func newMark() string {
	return fmt.Sprintf("NODECLUSTER_TEST=%d.%d.", os.Getpid(), marks.Add(1))
}
