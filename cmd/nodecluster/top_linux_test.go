package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
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

func TestTopWithoutTerminal(t *testing.T) {
	out, err := topCommand(t.TempDir()).CombinedOutput()
	if want := "nodecluster: top needs a terminal: nodecluster ls writes to files and pipes\n"; err == nil || string(out) != want {
		t.Errorf("it ends with %v and %q, want a failure and %q", err, out, want)
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

// A terminal that takes no more output, such as that of a connection that hangs, does not keep top from ending.
func TestTopOnStoppedTerminal(t *testing.T) {
	s := launchOnScreen(t, topCommand(t.TempDir()), 80, 24)
	s.awaitText("no applications")
	terminal, err := os.OpenFile(terminalName(t, s.keyboard), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	onTerminal(t, terminal, func(fd int) error { return unix.IoctlSetInt(fd, unix.TCXONC, unix.TCOOFF) })
	s.press("?")
	s.signal(syscall.SIGTERM)
	s.expectStatus(1)
	if diff := cmp.Diff(s.before, s.attributes(t)); diff != "" {
		t.Errorf("the terminal is another than before (-before +after):\n%s", diff)
	}
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
