package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// topCommand is the command line of top in a home folder, on a terminal with colours.
func topCommand(home string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, append([]string{"top"}, args...)...)
	cmd.Env = append(os.Environ(), "NODECLUSTER_HOME="+home, "TERM=xterm-256color")
	return cmd
}

// What ends top leaves the terminal as it was.
func TestTopEnds(t *testing.T) {
	for name, end := range map[string]func(*screen){
		"q":       func(s *screen) { s.press("q") },
		"Ctrl-C":  func(s *screen) { s.press(controlC) },
		"SIGINT":  func(s *screen) { s.signal(syscall.SIGINT) },
		"SIGTERM": func(s *screen) { s.signal(syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			s := launchOnScreen(t, topCommand(t.TempDir()), 80, 24)
			s.awaitText("no applications")
			if !s.emulator.IsAltScreen() {
				t.Error("top draws over what was on the screen")
			}
			end(s)
			s.expectStatus(0)
			s.expectAsBefore()
		})
	}
}

// Where nothing can be drawn it says so in a line.
func TestTopRefuses(t *testing.T) {
	noScreen := "nodecluster: top draws on the whole screen: set TERM to the name of a terminal that can, such as xterm, or use nodecluster ls\n"
	expectRefused := func(status int, out, want string) {
		t.Helper()
		if status != 1 || out != want {
			t.Errorf("it ends with %d and %q, want 1 and %q", status, out, want)
		}
	}
	cmd := topCommand(t.TempDir())
	out, _ := cmd.CombinedOutput()
	expectRefused(cmd.ProcessState.ExitCode(), string(out), "nodecluster: top needs a terminal: nodecluster ls writes to files and pipes\n")
	for _, name := range []string{"dumb", ""} {
		cmd := topCommand(t.TempDir())
		cmd.Env = append(cmd.Env, "TERM="+name)
		s := launchOnScreen(t, cmd, 80, 24)
		status := s.wait()
		<-s.done
		expectRefused(status, strings.ReplaceAll(s.stderr.String(), "\r\n", "\n"), noScreen)
		s.expectAsBefore()
	}
}

// A terminal that is gone ends top, also where SIGHUP is ignored, as under nohup.
func TestTopLosesItsTerminal(t *testing.T) {
	for name, wrapper := range map[string][]string{"SIGHUP": nil, "no signal": {"sh", "-c", `trap "" HUP; exec "$@"`, "sh"}} {
		t.Run(name, func(t *testing.T) {
			cmd := topCommand(t.TempDir())
			if wrapper != nil {
				shell := exec.Command(wrapper[0], append(wrapper[1:], cmd.Args...)...)
				shell.Env, cmd = cmd.Env, shell
			}
			s := launchOnScreen(t, cmd, 80, 24)
			s.awaitText("no applications")
			s.hangUp()
			s.expectStatus(1)
		})
	}
}

// A terminal that takes no more output, such as that of a connection that hangs, does not keep top from ending. Nothing may be written to it
// then, not even by the race detector.
func TestTopOnStoppedTerminal(t *testing.T) {
	s := launchOnScreen(t, topCommand(t.TempDir()), 80, 24)
	s.awaitText("no applications")
	s.stopOutput()
	s.press("?")
	s.signal(syscall.SIGTERM)
	s.expectStatus(1)
	if diff := cmp.Diff(s.before, s.attributes(t)); diff != "" {
		t.Errorf("the terminal is another than before (-before +after):\n%s", diff)
	}
}

// A shell with job control suspends it, goes on with it, and ends it in the background. Where there is none it says so.
func TestTopSuspends(t *testing.T) {
	alone := launchOnScreen(t, topCommand(t.TempDir()), 80, 24)
	alone.awaitText("no applications")
	alone.press(controlZ)
	alone.awaitText("no shell is there to go on with: q quits")
	alone.press("q")
	alone.expectStatus(0)

	shell := exec.Command("bash", "--norc", "--noprofile", "-i")
	shell.Env = topCommand(t.TempDir()).Env
	s := launchOnScreen(t, shell, 80, 24)
	s.press(binary + " top\r")
	s.awaitText("no applications")
	for range 2 {
		s.press(controlZ)
		s.await("that it is stopped", func(text string) bool { return !s.emulator.IsAltScreen() && strings.Contains(text, "Stopped") })
		s.press("clear; fg\r")
		s.awaitText("no applications")
	}
	s.press(controlZ)
	s.await("the shell", func(string) bool { return !s.emulator.IsAltScreen() })
	s.press("bg; clear; kill %1; wait %1; echo status $?\r")
	s.awaitText("status 0")
	s.press("exit\r")
	s.expectStatus(0)
	s.expectAsBefore()
}

func TestTopFollowsTheSize(t *testing.T) {
	s := launchOnScreen(t, topCommand(t.TempDir()), 80, 24)
	lastLine := func(height int) func(string) bool {
		return func(text string) bool {
			lines := strings.Split(text, "\n")
			return len(lines) == height && strings.HasPrefix(lines[height-1], "q quit")
		}
	}
	s.await("the keys in line 24", lastLine(24))
	s.resize(200, 50)
	s.await("the keys in line 50", lastLine(50))
	s.resize(20, 6)
	s.await("the keys in line 6", lastLine(6))
	s.press("q")
	s.expectStatus(0)
}

// The screen tells of real applications, and keys do to them what they say. It takes some seconds, for nine changes of real workers.
func TestTopOfApplications(t *testing.T) {
	m := newManager(t)
	script := filepath.Join(t.TempDir(), "server.js")
	serving := release("one") + "; console.log('\\x1b[32mserving', process.env.NODECLUSTER_INSTANCE)"
	writeFile(t, script, []byte(serving))
	m.do("start", script, "-n", "api", "-i", "2", "--env", fmt.Sprint("PORT=", nodetest.FreePort(t)))
	expectTopShows(t, m, 80, 24, "TERM=xterm", "SSH_TTY=/dev/pts/0")
	expectTopShows(t, m, 200, 50)
	s := launchOnScreen(t, topCommand(m.home), 80, 24)
	s.awaitText("> api ")
	expectReloads(s, m)
	expectScalesAndRestarts(s, m)

	writeFile(t, script, []byte("throw new Error('bad release')"))
	s.press("\tr")
	s.awaitText("api: reload failed: ", "api: the reload of ", " failed: ")
	writeFile(t, script, []byte(serving))
	expectStopsAndStarts(s, m)
	s.press("q")
	s.expectStatus(0)
	s.expectAsBefore()
	if state := m.app("api").State; state != control.Online {
		t.Errorf("when top has ended, what it has started is %s", state)
	}
	m.do("stop", "api")
}

// expectTopShows looks at the first lines of the screen, and at the log.
func expectTopShows(t *testing.T, m *manager, width, height int, env ...string) {
	t.Helper()
	cmd := topCommand(m.home)
	cmd.Env = append(cmd.Env, env...)
	s := launchOnScreen(t, cmd, width, height)
	text := s.awaitText("> api ", "api/1 ", "q quit")
	want := []string{
		"nodecluster N application, N of N workers ready, cpu N%, mem NM N:N:N",
		"app state up restarts cpu mem lag pN conns queue since",
		"> api online N/N N N% NM N N N N",
		"worker pid id state restarts cpu mem lag pN conns since",
		"api/N N N online N N% NM N N N",
		"api/N N N online N N% NM N N N",
	}
	if diff := cmp.Diff(want, withoutFigures(text, len(want))); diff != "" {
		t.Errorf("the screen (-want +got):\n%s", diff)
	}
	s.awaitText(" 0  serving 0\n", " 1  serving 1\n")
	s.press("q")
	s.expectStatus(0)
}

// expectReloads reloads all workers, and then the second one, whose pane stays selected.
func expectReloads(s *screen, m *manager) {
	s.t.Helper()
	before := m.pids("api")
	s.press("r")
	s.awaitText("api: reload done in", "2 replaced", "reloaded 2 workers in")
	after := m.pids("api")
	expectReplaced(s.t, before, after)
	s.press("\t\tj")
	s.await("the log of worker 1 alone", func(text string) bool {
		_, log, ok := strings.Cut(text, "log of api/1 ─")
		return ok && strings.Contains(log, " serving 1\n") && !strings.Contains(log, "serving 0")
	})
	s.press("r")
	s.awaitText("api: reload of worker 1 done in")
	if now := m.pids("api"); now[0] != after[0] || now[1] == after[1] {
		s.t.Errorf("r on worker 1: before %v, after %v", after, now)
	}
}

func expectScalesAndRestarts(s *screen, m *manager) {
	s.t.Helper()
	s.press("+")
	s.awaitText("now 3 workers", "3/3", "api/2 ")
	s.press("-")
	s.awaitText("now 2 workers", "2/2")
	before := m.pids("api")
	s.press("R")
	s.awaitText("Restart api? It serves nobody meanwhile. y/n")
	s.press("n")
	s.awaitText("nothing was done")
	s.press("Ry")
	s.awaitText("api: restart done")
	expectReplaced(s.t, before, m.pids("api"))
}

// expectStopsAndStarts stops an application among 60 others that come meanwhile, and starts it, and again when its supervisor has died.
func expectStopsAndStarts(s *screen, m *manager) {
	s.t.Helper()
	s.press("sy")
	s.awaitText("api: stop done", "> api  stopped")
	if _, record := m.stored("api"); record.Wanted != home.Stopped {
		s.t.Errorf("it is wanted %s", record.Wanted)
	}
	s.press("r")
	s.awaitText("api is stopped: S starts it")
	m.copyApp("api", 60)
	s.awaitText("nodecluster  61 applications")
	s.press("G")
	s.awaitText("> shop-59 ")
	s.press("g")
	s.awaitText("> api ")
	s.press("S")
	s.awaitText("api: start done", "> api      online   2/2", " serving 1\n")
	m.killSupervisor("api")
	s.awaitText("> api      errored", "its supervisor has died")
	s.press("S")
	s.awaitText("api: start done", "> api      online   2/2")
}

func expectReplaced(t *testing.T, before, after []int) {
	t.Helper()
	if slices.ContainsFunc(after, func(pid int) bool { return slices.Contains(before, pid) }) {
		t.Errorf("workers are left: before %v, after %v", before, after)
	}
}

// copyApp records an application that is stopped under other names too.
func (m *manager) copyApp(name string, copies int) {
	m.t.Helper()
	record, err := os.ReadFile(filepath.Join(m.home, "apps", name, "app.json"))
	if err != nil {
		m.t.Fatal(err)
	}
	for i := range copies {
		other := fmt.Sprintf("shop-%02d", i)
		folder := filepath.Join(m.home, "apps", other)
		if err := os.Mkdir(folder, 0o700); err != nil {
			m.t.Fatal(err)
		}
		writeFile(m.t, filepath.Join(folder, "app.json"), bytes.Replace(record, fmt.Appendf(nil, `"name": %q`, name), fmt.Appendf(nil, `"name": %q`, other), 1))
	}
}

var figure = regexp.MustCompile(`[0-9]+([.][0-9]+)?(ms|s|m|h)?`)

// withoutFigures are the first lines of a screen with an N for each figure, with its unit of time, and for each that is not known yet.
func withoutFigures(text string, lines int) (all []string) {
	for _, line := range strings.Split(text, "\n")[:lines] {
		line = strings.ReplaceAll(line, " - ", " N ")
		all = append(all, strings.Join(strings.Fields(figure.ReplaceAllString(line, "N")), " "))
	}
	return all
}
