package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// startAPI starts an application named api.
func (m *manager) startAPI(instances int, flags ...string) (port int, script string) {
	m.t.Helper()
	port, script = nodetest.FreePort(m.t), filepath.Join(m.folder, "server.js")
	writeRelease(m.t, script, "one")
	m.do(append([]string{"start", script, "-n", "api", "-i", fmt.Sprint(instances), "--bake", "1ms", "--env", fmt.Sprint("PORT=", port)}, flags...)...)
	return port, script
}

// stored is an application as it is on disk.
func (m *manager) stored(name string) (*home.App, home.Record) {
	m.t.Helper()
	m.t.Setenv("NODECLUSTER_HOME", m.home)
	h, err := home.Open()
	if err != nil {
		m.t.Fatal(err)
	}
	a, err := h.App(name)
	if err != nil {
		m.t.Fatal(err)
	}
	record, err := a.Load()
	if err != nil {
		m.t.Fatal(err)
	}
	return a, record
}

// awaitEnd waits until no supervisor has the lock of an application. The threads of one that was killed end one after the other.
func (m *manager) awaitEnd(name string) {
	m.t.Helper()
	a, _ := m.stored(name)
	if err := a.Wait(nodetest.Context(m.t)); err != nil {
		m.t.Fatal(err)
	}
}

// sh runs a command after what a shell does first.
func (m *manager) sh(first string, args ...string) result {
	m.t.Helper()
	command := exec.CommandContext(m.t.Context(), "sh", append([]string{"-c", first + `; exec "$0" "$@"`, binary}, args...)...)
	command.Env, command.Dir = append(os.Environ(), m.env...), m.folder
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Run()
	return result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
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

// A supervisor whose log has no room, or that cannot listen, says so or goes on.
func TestSupervisorWhoseFilesAreInTheWay(t *testing.T) {
	m := newManager(t)
	m.startAPI(1)
	a, _ := m.stored("api")
	m.do("stop", "api")

	inTheWay := func(path string) {
		t.Helper()
		os.Remove(path)
		if err := os.MkdirAll(filepath.Join(path, "precious"), 0o700); err != nil {
			t.Fatal(err)
		}
		m.refuse(1, path, "start", "api")
		if app := m.app("api"); app.State != control.Errored || app.Reason == "" {
			t.Errorf("with %s in the way it is %+v", path, app)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	inTheWay(a.Socket())
	inTheWay(a.SupervisorLog())

	if err := os.Symlink("/dev/full", a.SupervisorLog()); err != nil {
		t.Fatal(err)
	}
	m.do("start", "api")
	m.do("reload", "api")
	m.do("stop", "api")
	os.Remove(a.SupervisorLog())
}

// What cannot be written is not done, and what was there stays.
func TestFullHome(t *testing.T) {
	m := newManager(t)
	port, script := m.startAPI(1)
	before := m.pids("api")
	_, record := m.stored("api")
	for _, args := range [][]string{{"stop", "api"}, {"start", script, "-n", "api", "--sched", "least"}, {"start", script, "-n", "other"}} {
		r := m.sh("ulimit -f 0", args...)
		if r.status != 1 || !strings.Contains(r.stderr, "file too large: allow larger files") || strings.Contains(r.stderr, "goroutine") {
			t.Errorf("%v ends with %d and %q", args, r.status, r.stderr)
		}
	}
	if after := m.pids("api"); !slices.Equal(before, after) {
		t.Errorf("the workers are %v, before %v", after, before)
	}
	if _, now := m.stored("api"); string(now.Config) != string(record.Config) || now.Wanted != record.Wanted {
		t.Errorf("the record is %+v, before %+v", now, record)
	}
	if got := answerOf(t, port); got != "one" {
		t.Errorf("the answer is %q", got)
	}
	if apps := m.apps(); len(apps) != 1 {
		t.Errorf("there are %+v", apps)
	}
}

// Where a file cannot be renamed, as on some file systems of a network, nothing is started that would not be known.
func TestHomeThatRenamesNothing(t *testing.T) {
	nodetest.UnderSeccomp(t, []nodetest.Refusal{
		{Call: unix.SYS_RENAMEAT, Errno: syscall.EXDEV}, {Call: unix.SYS_RENAMEAT2, Errno: syscall.EXDEV},
	}, func(t *testing.T) {
		m := newManager(t)
		script := filepath.Join(m.folder, "server.js")
		writeRelease(t, script, "one")
		m.refuse(1, "invalid cross-device link", "start", script, "-n", "api", "-i", "1")
		if apps := m.apps(); len(apps) != 0 {
			t.Errorf("there are %+v", apps)
		}
	})
}

// Two users have nothing to do with each other, whatever one of them says the folder is.
func TestTwoUsersOfTheManager(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be two users")
	}
	m := newManager(t)
	port, script := m.startAPI(1)
	for _, folder := range []string{filepath.Dir(m.home), filepath.Dir(filepath.Dir(m.home)), m.folder} {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range []string{"ls", "stop api", "start api", "reload api", "delete api", "logs api --nostream", "describe api", "kill", "resurrect"} {
		if text, status := m.asOther(nobody, strings.Fields(args)...); status != 1 || !strings.Contains(text, "permission denied") || strings.Contains(text, "goroutine") {
			t.Errorf("%s of another user ends with %d and %q", args, status, text)
		}
	}

	theirs := filepath.Join(filepath.Dir(m.home), "theirs")
	if err := os.Mkdir(theirs, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(theirs, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	other := *m
	other.home = theirs
	other.env = append(slices.Clone(m.env), "NODECLUSTER_HOME="+theirs)
	t.Cleanup(func() { other.asOther(nobody, "kill") })
	if text, status := other.asOther(nobody, "start", script, "-n", "api", "-i", "1", "--node", nodeForAll(t), "--env", fmt.Sprint("PORT=", nodetest.FreePort(t))); status != 0 {
		t.Fatalf("start of the other user ends with %d and %q", status, text)
	}
	if text, status := other.asOther(nobody, "stop", "api"); status != 0 {
		t.Errorf("stop of the other user ends with %d and %q", status, text)
	}
	if app := m.app("api"); app.State != control.Online || app.Ready != 1 {
		t.Errorf("ours is %+v", app)
	}
	// Root does not become the owner of what is the other user's.
	if r := other.run("start", "api"); r.status != 1 || !strings.Contains(r.stderr, "belongs to user 65534") {
		t.Errorf("start of root ends with %d and %q", r.status, r.stderr)
	}
	// A folder of one's own that cannot be written to.
	if err := os.Chmod(filepath.Join(theirs, "apps", "api"), 0o500); err != nil {
		t.Fatal(err)
	}
	if text, status := other.asOther(nobody, "start", "api"); status != 1 || !strings.Contains(text, "permission denied") {
		t.Errorf("start in a folder that is read-only ends with %d and %q", status, text)
	}
	os.Chmod(filepath.Join(theirs, "apps", "api"), 0o700)
	if got := answerOf(t, port); got != "one" {
		t.Errorf("the answer is %q", got)
	}
}

// Clients that ask for anything while workers die do no harm, and in the end what the supervisor says is what there is.
func TestRandomCallsWhileWorkersDie(t *testing.T) {
	const clients = 8
	calls := 100
	if nodetest.All() {
		calls = 1000
	}
	m := newManager(t)
	m.startAPI(3, "--max-restarts", "1000000")
	a, _ := m.stored("api")
	supervisor := m.app("api").Supervisor.Pid
	ctx, cancel := context.WithCancel(t.Context())
	var killing, calling sync.WaitGroup
	killing.Go(func() {
		for again := 20 * time.Millisecond; ctx.Err() == nil; time.Sleep(again) {
			killAny(ctx, control.NewClient(a.Dial))
		}
	})
	for range clients {
		calling.Go(func() {
			for range calls / clients {
				callAnything(t, control.NewClient(a.Dial))
			}
		})
	}
	calling.Wait()
	cancel()
	killing.Wait()
	poll(t, "a scaling is done", func() bool { return m.run("scale", "api", "3").status == 0 })
	poll(t, "what is said is what there is", func() bool {
		pids, children := m.pids("api"), childrenOf(supervisor)
		slices.Sort(pids)
		slices.Sort(children)
		return m.app("api").Ready == 3 && slices.Equal(pids, children)
	})
	if text, err := os.ReadFile(a.SupervisorLog()); err != nil || strings.Contains(string(text), "panic") || strings.Contains(string(text), "goroutine ") {
		t.Errorf("the supervisor says %s (%v)", text, err)
	}
}

// killAny kills a worker that is ready. Those that are killed before are failures, after which others wait longer and longer.
func killAny(ctx context.Context, c *control.Client) {
	app, err := c.App(ctx)
	if err != nil || app.Ready == 0 {
		return
	}
	for {
		if w := app.Workers[rand.IntN(len(app.Workers))]; w.State == control.WorkerOnline {
			syscall.Kill(w.Pid, syscall.SIGKILL)
			return
		}
	}
}

// callAnything makes a call, with or without sense. Errors are to be those of the API.
func callAnything(t *testing.T, c *control.Client) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rand.IntN(2000))*time.Millisecond)
	defer cancel()
	instance := rand.IntN(6) - 1
	var err error
	switch rand.IntN(14) {
	case 0:
		_, err = c.Reload(ctx, control.Reload{Wait: rand.IntN(2) == 0, Parallel: rand.IntN(4) - 1})
	case 1:
		_, err = c.Reload(ctx, control.Reload{Instance: &instance, Strategy: []string{"rolling", "switch", "no"}[rand.IntN(3)]})
	case 2:
		_, err = c.Restart(ctx)
	case 3:
		_, err = c.Scale(ctx, control.Scale{Instances: []string{"1", "2", "+1", "-1", "-9", "max", "x", ""}[rand.IntN(8)]})
	case 4:
		err = c.Signal(ctx, control.Signal{Signal: []string{"SIGTERM", "KILL", "SIGUSR2", "no"}[rand.IntN(4)], Instance: &instance})
	case 5:
		err = c.Reset(ctx)
	case 6:
		err = c.Drain(ctx, control.Drain{})
	case 7:
		for range c.Events(ctx) {
			break
		}
	case 8:
		_, err = c.Metrics(ctx)
	case 9:
		err = c.FlushLogs(ctx)
	case 10:
		err = c.ReopenLogs(ctx)
	default:
		_, err = c.App(ctx)
	}
	if failed := (*control.Error)(nil); err != nil && !errors.As(err, &failed) && ctx.Err() == nil || failed != nil && failed.Code == control.CodeInternal {
		t.Errorf("a call ends with %v", err)
	}
}

// Fifty applications are listed at once, and what keeps each is small.
func TestFiftyApplications(t *testing.T) {
	if !nodetest.All() || nodetest.RaceDetector {
		t.Skip("measures memory, of which the race detector takes more: scripts/test --all does it without that")
	}
	const apps, lists, maxMemory = 50, 20, 15 << 20
	m := newManager(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "app.js"), []byte(`require('http').createServer().listen(0)`), 0o644); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	fmt.Fprintln(&text, "apps:")
	for i := range apps {
		fmt.Fprintf(&text, "  - {name: app-%d, script: app.js, instances: 1}\n", i)
	}
	file := writeApps(t, folder, text.String())
	if r := m.sh(":", "start", file); r.status != 0 {
		t.Fatalf("start ends with %d and %s", r.status, r.stderr)
	}
	var supervisors []int
	for _, a := range m.apps() {
		if a.State != control.Online {
			t.Errorf("%s is %s: %s", a.Name, a.State, a.Reason)
			continue
		}
		supervisors = append(supervisors, a.Supervisor.Pid)
	}
	shortest, before := time.Hour, cpuTime(t, supervisors)
	for range lists {
		begun := time.Now()
		m.do("ls")
		shortest = min(shortest, time.Since(begun))
	}
	used := (cpuTime(t, supervisors) - before) / lists
	var largest, resident int64
	for _, a := range m.apps() {
		largest, resident = max(largest, proportionalMemory(t, a.Supervisor.Pid)), max(resident, a.Supervisor.Memory)
	}
	t.Logf("ls takes %v, and %v of CPU in all; a supervisor has up to %.1f MiB, %.1f with all of the program that is common to them",
		shortest.Round(time.Millisecond), used.Round(time.Millisecond), float64(largest)/(1<<20), float64(resident)/(1<<20))
	if largest > maxMemory {
		t.Errorf("want at most %d MiB", maxMemory>>20)
	}
}

// proportionalMemory is what a process has of the memory in bytes, with its share of what several have: the program itself.
func proportionalMemory(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(procFile(pid, "smaps_rollup"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("\nPss:"))
	var kilobytes int64
	if _, err := fmt.Sscan(string(text), &kilobytes); err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// cpuTime is what these processes, and those that this one has started and that have ended, have used of the CPUs.
func cpuTime(t *testing.T, pids []int) time.Duration {
	t.Helper()
	var children syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children); err != nil {
		t.Fatal(err)
	}
	all := time.Duration(children.Utime.Nano() + children.Stime.Nano())
	for _, pid := range pids {
		text, err := os.ReadFile(procFile(pid, "stat"))
		if err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		for _, ticks := range fields[11:13] { // utime and stime
			n, err := strconv.Atoi(ticks)
			if err != nil {
				t.Fatal(err)
			}
			all += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return all
}
