package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// noEngine begins the line that says that there is none any more.
const noEngine = "nodecluster: workers are served by Node alone"

// loaded is a program of testdata/primaries that serves requests and has ten thousand messages in flight.
type loaded struct {
	*program
	stdin io.Closer
}

// load starts it by exec, with these flags, and waits until it does so.
func load(t *testing.T, flags ...string) *loaded {
	t.Helper()
	script, err := filepath.Abs("testdata/primaries/load.js")
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"exec", "--node", nodetest.Default(t).Path}, flags...)
	cmd := exec.Command(binary, append(args, script)...)
	cmd.Env = append(os.Environ(), portVariable(nodetest.FreePort(t))...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := launchCommand(t, cmd)
	p.stdout.awaitText(t, "listening 3\n")
	p.stdout.awaitText(t, "echoes\n")
	p.stdout.awaitText(t, "answer of worker")
	return &loaded{program: p, stdin: stdin}
}

// end has it end by itself.
func (p *loaded) end() {
	p.t.Helper()
	p.stdin.Close()
	p.expectStatus(0)
}

// engine is the process id of the program's engine.
func (p *loaded) engine() int {
	p.t.Helper()
	for _, child := range childrenOf(p.cmd.Process.Pid) {
		if strings.Contains(commandLine(child), "adopt-engine") {
			return child
		}
	}
	p.t.Fatal("there is no engine")
	return 0
}

func kill(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

// more waits until it has printed a text more often than now.
func (p *loaded) more(text string) {
	p.t.Helper()
	before := strings.Count(p.stdout.String(), text)
	p.stdout.await(p.t, "another "+text, func(all string) bool { return strings.Count(all, text) > before })
}

// TestExecOutlivesItsEngine: the workers end with the engine, the program hears of it, and those that it forks again are served by Node.
func TestExecOutlivesItsEngine(t *testing.T) {
	p := load(t)
	kill(t, p.engine(), syscall.SIGKILL)
	for id := 1; id <= 3; id++ {
		p.stdout.awaitText(t, fmt.Sprintf("exit %d ", id))
		p.stdout.awaitText(t, fmt.Sprintf("listening %d\n", id+3))
	}
	p.more("echoes\n")
	p.stdout.await(t, "an answer of a new worker", func(all string) bool {
		return strings.Contains(all, "answer of worker 4\n") || strings.Contains(all, "answer of worker 5\n") || strings.Contains(all, "answer of worker 6\n")
	})
	p.end()
	if got := p.stderr.String(); strings.Count(got, noEngine) != 1 || strings.Count(got, "\n") != 1 {
		t.Errorf("standard error is %q, want one line with %q", got, noEngine)
	}
}

// TestExecStrictWithoutEngine: forks fail, and say why.
func TestExecStrictWithoutEngine(t *testing.T) {
	p := load(t, "--strict")
	kill(t, p.engine(), syscall.SIGKILL)
	p.stdout.awaitText(t, "nodecluster has no engine: it has ended with SIGKILL\n")
	p.end()
}

// TestExecOfAKilledPrimary: its engine and its workers end with it.
func TestExecOfAKilledPrimary(t *testing.T) {
	p := load(t)
	engine, family := p.engine(), childrenOf(p.cmd.Process.Pid)
	if len(family) != 4 {
		t.Errorf("the primary has %d children, want the engine and 3 workers", len(family))
	}
	p.signal(syscall.SIGKILL)
	p.wait()
	for _, pid := range family {
		poll(t, "the end of "+strconv.Itoa(pid), func() bool { return isGone(pid) })
	}
	if !isGone(engine) {
		t.Error("the engine is still there")
	}
}

// TestExecStoppedAndContinued: while the engine, the primary or both stand still nothing is lost, and then all goes on.
func TestExecStoppedAndContinued(t *testing.T) {
	p := load(t)
	engine, primary := p.engine(), p.cmd.Process.Pid
	for _, stopped := range [][]int{{engine}, {primary}, {engine, primary}} {
		for _, pid := range stopped {
			kill(t, pid, syscall.SIGSTOP)
			poll(t, "the stop", func() bool { state, _ := processState(pid); return state == "T" })
		}
		for _, pid := range stopped {
			kill(t, pid, syscall.SIGCONT)
		}
		p.more("echoes\n")
		p.more("answer of worker")
	}
	p.end()
	if got := p.stderr.String(); got != "" || strings.Contains(p.stdout.String(), "exit ") {
		t.Errorf("standard error is %q", got)
	}
}

// TestExecWithoutProgram: the engine's program was taken away since the primary started.
func TestExecWithoutProgram(t *testing.T) {
	for name, strict := range map[string]bool{"": false, "strict": true} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			program := filepath.Join(folder, "nodecluster")
			if err := exec.Command("cp", binary, program).Run(); err != nil {
				t.Fatal(err)
			}
			script := nodetest.Script(t, "late.js", `
				const cluster = require('cluster');
				if (cluster.isPrimary) {
					require('fs').chmodSync(process.argv[2], 0o644);
					try {
						cluster.fork().on('exit', (code) => console.log('exit', code));
						cluster.fork();
					} catch (err) {
						console.log(err.message);
					}
				} else {
					process.exit(3);
				}`)
			args := []string{"exec", "--node", nodetest.Default(t).Path, script, program}
			if strict {
				args = append([]string{"exec", "--strict"}, args[1:]...)
			}
			p := launchCommand(t, exec.Command(program, args...))
			p.expectStatus(0)
			stdout, stderr := p.stdout.String(), p.stderr.String()
			if strict {
				if !strings.HasPrefix(stdout, "nodecluster has no engine: EACCES") || stderr != "" {
					t.Errorf("it says %q and %q", stdout, stderr)
				}
			} else if stdout != "exit 3\n" || strings.Count(stderr, noEngine) != 1 || strings.Count(stderr, "\n") != 1 {
				t.Errorf("it says %q and %q", stdout, stderr)
			}
		})
	}
}

// TestExecServesWithoutThePrimary: connections are answered while the primary's JavaScript is busy, which they are not on plain Node.
func TestExecServesWithoutThePrimary(t *testing.T) {
	p := launchCommand(t, exec.Command(binary, "exec", "--node", nodetest.Default(t).Path, "testdata/primaries/busy.js"))
	p.expectStatus(0)
	if got := p.stdout.String(); got != "answer\n" {
		t.Errorf("it says %q", got)
	}
}

// TestExecReloadLosesNothing: workers are replaced by the program's own reload while clients ask. Plain Node resets a connection now and then.
func TestExecReloadLosesNothing(t *testing.T) {
	p := launchCommand(t, exec.Command(binary, "exec", "--node", nodetest.Default(t).Path, "testdata/primaries/reload.js"))
	p.expectStatus(0)
	if got, want := p.stdout.String(), "{} [ '7', '8', '9' ]\n"; !strings.HasSuffix(got, want) {
		t.Errorf("it says %q, want it to end with %q", got, want)
	}
}
