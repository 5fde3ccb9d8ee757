package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A supervisor that is killed takes its workers with it, and what was wanted is known.
func TestKilledSupervisor(t *testing.T) {
	m := newManager(t)
	port := nodetest.FreePort(t)
	script := nodetest.Script(t, "server.js", release("one"))
	m.do("start", script, "-n", "api", "-i", "1", "--env", fmt.Sprint("PORT=", port))
	workers := m.pids("api")
	m.killSupervisor("api")
	for _, pid := range workers {
		poll(t, "the worker has ended", func() bool { return isGone(pid) })
	}
	if app := m.app("api"); app.State != control.Errored || !strings.Contains(app.Reason, "died") {
		t.Errorf("it is %+v", app)
	}
	m.do("resurrect")
	if got := answerOf(t, port); got != "one" {
		t.Errorf("the answer is %q", got)
	}
}

// A supervisor that is killed in the middle of a reload: the command says so, no worker of either release is left, and what was wanted is.
func TestKilledSupervisorInAReload(t *testing.T) {
	m := newManager(t)
	port, script := m.startAPI(2)
	before := m.pids("api")
	if err := os.WriteFile(script, []byte("setInterval(() => {}, 1000)"), 0o644); err != nil {
		t.Fatal(err)
	}
	reloaded := make(chan result)
	go func() { reloaded <- m.run("reload", "api") }()
	poll(t, "a new worker is tried", func() bool { return len(m.app("api").Workers) == 3 })
	all := append(before, m.pids("api")...)
	m.killSupervisor("api")
	if r := <-reloaded; r.status != 1 || r.stderr == "" || strings.Contains(r.stderr, "panic") {
		t.Errorf("the reload ends with %d and %q", r.status, r.stderr)
	}
	for _, pid := range all {
		poll(t, "the worker has ended", func() bool { return isGone(pid) })
	}
	writeRelease(t, script, "two")
	if got, want := m.do("resurrect"), "api: online, 2 workers\n"; got != want {
		t.Errorf("resurrect prints %q, want %q", got, want)
	}
	if got := answerOf(t, port); got != "two" {
		t.Errorf("the answer is %q", got)
	}
}

// A supervisor that is killed while it writes the log leaves whole lines there, but for the last of a worker, to which nothing is joined.
func TestKilledSupervisorWhileItLogs(t *testing.T) {
	const rounds = 3
	m := newManager(t)
	script := filepath.Join(m.folder, "talk.js")
	text := `
		require('http').createServer((request, response) => response.end('ok')).listen(0);
		let n = 0;
		(function talk() { for (let i = 0; i < 20; i++) console.log('line', process.pid, n++, 'x'.repeat(100)); setTimeout(talk, 1); })();`
	if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	m.do("start", script, "--name", "talk", "-i", "1")
	for range rounds {
		poll(t, "it has talked", func() bool { return len(m.do("logs", "talk", "--nostream", "-n", "5000", "--raw")) > 500_000 })
		m.killSupervisor("talk")
		m.do("resurrect")
	}
	m.do("stop", "talk")
	whole := regexp.MustCompile(`^line (\d+) (\d+) x{100}$`)
	lines := strings.Split(strings.TrimSuffix(m.do("logs", "talk", "--nostream", "-n", "10000000", "--raw", "--out"), "\n"), "\n")
	next, cut := map[string]int{}, map[string]bool{}
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "line" || cut[words[1]] {
			t.Fatalf("a line that no worker has printed, or after its last: %q", line)
		}
		if found := whole.FindStringSubmatch(line); found == nil {
			cut[words[1]] = true
			if len(line) > len("line 4194304 10000000 ")+100 || strings.Count(line, "line") != 1 {
				t.Fatalf("lines are joined: %q", line)
			}
		} else if n, _ := strconv.Atoi(found[2]); n != next[words[1]] {
			t.Fatalf("worker %s: line %d follows %d", words[1], n, next[words[1]]-1)
		} else {
			next[words[1]]++
		}
	}
	if len(next) != rounds+1 {
		t.Errorf("the lines are of %d workers, want %d", len(next), rounds+1)
	}
}

// What is killed while it writes what is wanted leaves the old or the new, whole.
func TestKilledWhileScaling(t *testing.T) {
	rounds := 3
	if nodetest.All() {
		rounds = 20
	}
	m := newManager(t)
	m.startAPI(1)
	for range rounds {
		supervisor := m.app("api").Supervisor.Pid
		scaling := exec.Command(binary, "scale", "api", "3")
		scaling.Env = append(os.Environ(), m.env...)
		if err := scaling.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond) // any moment will do
		syscall.Kill(supervisor, syscall.SIGKILL)
		scaling.Process.Kill()
		scaling.Wait()
		m.awaitEnd("api")
		_, record := m.stored("api")
		if record.Wanted != home.Running {
			t.Errorf("it is wanted %s", record.Wanted)
		}
		m.do("resurrect")
		if app := m.app("api"); app.State != control.Online || app.Ready != app.Instances || app.Instances != 1 && app.Instances != 3 {
			t.Fatalf("it is %+v", app)
		}
		m.do("scale", "api", "1")
	}
}

// A supervisor that is killed before it can say anything is told of as that.
func TestSupervisorThatDiesAtOnce(t *testing.T) {
	m := newManager(t)
	script := filepath.Join(m.folder, "server.js")
	writeRelease(t, script, "one")
	started := make(chan result)
	go func() { started <- m.run("start", script, "-n", "api", "-i", "1", "--env", "PORT=0") }()
	poll(t, "the supervisor is killed", func() bool {
		for _, pid := range processesWith(m.env[0]) {
			if strings.Contains(commandLine(pid), " run --name api") {
				return syscall.Kill(pid, syscall.SIGKILL) == nil
			}
		}
		return false
	})
	r := <-started
	if r.status != 1 || !strings.Contains(r.stderr, "its supervisor has died; ") {
		t.Errorf("start ends with %d and %q", r.status, r.stderr)
	}
	if app := m.app("api"); app.State != control.Errored || !strings.Contains(app.Reason, "has died") {
		t.Errorf("it is %+v", app)
	}
	m.do("start", "api")
}
