package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// standIn takes the place of systemctl and loginctl, because a systemd must not run beside the tests. It writes down how it was called, and what
// an instance is to run it starts, as the unit says. It fails for an application that is called failing.
const standIn = `#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in
*"start nodecluster@failing.service") echo "Job for $3 failed." >&2; exit 1 ;;
*"start nodecluster@"*)
	app=${3#nodecluster@}
	setsid "$PROGRAM" run --name "${app%.service}" < /dev/null > /dev/null 2>&1 & ;;
esac
`

// systemd is the stand-in, and where the units are.
type systemd struct {
	*manager
	calls, unit string
}

func newSystemd(t *testing.T) *systemd {
	t.Helper()
	m := newManager(t)
	folder := t.TempDir()
	for _, name := range []string{"systemctl", "loginctl"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(standIn), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := &systemd{m, filepath.Join(folder, "calls"), filepath.Join(folder, "systemd", "user", "nodecluster@.service")}
	m.env = append(m.env, "CALLS="+s.calls, "PROGRAM="+binary, "XDG_CONFIG_HOME="+folder,
		"PATH="+folder+":"+filepath.Dir(nodetest.Default(t).Path)+":"+os.Getenv("PATH"))
	return s
}

// expectCalls says which commands have been run since the last call.
func (s *systemd) expectCalls(want ...string) {
	s.t.Helper()
	text, err := os.ReadFile(s.calls)
	if err != nil && len(want) > 0 {
		s.t.Fatal(err)
	}
	os.Remove(s.calls)
	if got := strings.TrimSpace(string(text)); got != strings.Join(want, "\n") {
		s.t.Errorf("the calls are %s, want %q", got, want)
	}
}

// What was started before startup comes back with the machine, and so does what is started later, until it is stopped or deleted.
func TestStartupCommand(t *testing.T) {
	s := newSystemd(t)
	script := nodetest.Script(t, "server.js", "require('http').createServer().listen(0)")
	s.do("start", script, "-n", "before", "-i", "1")
	s.do("start", script, "-n", "stopped", "-i", "1")
	s.do("stop", "stopped")
	s.do("start", writeApps(t, t.TempDir(), fmt.Sprintf("{name: byhand, script: %q, instances: 1, autostart: false}", script)))
	s.expectCalls()

	shown := s.do("startup", "systemd", "--user", "--dry-run")
	s.expectCalls()
	if got := s.do("startup", "systemd", "--user"); got != "before: it starts with the machine\n" {
		t.Errorf("startup prints %q", got)
	}
	user := strings.TrimPrefix(shown[strings.Index(shown, "enable-linger "):], "enable-linger ")
	user, _, _ = strings.Cut(user, "\n")
	s.expectCalls("systemctl --user daemon-reload", "loginctl enable-linger "+user, "systemctl --user enable nodecluster@before.service")
	unit, err := os.ReadFile(s.unit)
	if err != nil || !strings.Contains(shown, string(unit)) || !strings.Contains(string(unit), fmt.Sprintf("ExecStart=%q run --name %%i\n", binary)) {
		t.Errorf("the unit is %s, %v; what was shown is %s", unit, err, shown)
	}

	if got := s.do("start", script, "-n", "later", "-i", "1"); got != "later: online, 1 worker\n" {
		t.Errorf("start prints %q", got)
	}
	s.expectCalls("systemctl --user enable nodecluster@later.service", "systemctl --user start nodecluster@later.service")
	s.do("stop", "later")
	s.expectCalls("systemctl --user disable --now nodecluster@later.service")
	s.do("restart", "later")
	s.expectCalls("systemctl --user enable nodecluster@later.service", "systemctl --user start nodecluster@later.service")
	s.do("start", writeApps(t, t.TempDir(), fmt.Sprintf("{name: manual, script: %q, instances: 1, autostart: false}", script)))
	s.expectCalls("systemctl --user disable --now nodecluster@manual.service", "systemctl --user start nodecluster@manual.service")
	s.do("delete", "later", "before")
	s.expectCalls("systemctl --user disable --now nodecluster@later.service", "systemctl --user disable --now nodecluster@before.service")
	s.refuse(1, "Job for nodecluster@failing.service failed", "start", script, "-n", "failing")
	s.expectCalls("systemctl --user enable nodecluster@failing.service", "systemctl --user start nodecluster@failing.service")

	s.do("unstartup")
	s.expectCalls("systemctl --user disable nodecluster@.service", "systemctl --user daemon-reload")
	if _, err := os.Lstat(s.unit); !os.IsNotExist(err) {
		t.Errorf("the unit is still there: %v", err)
	}
	if got := s.do("unstartup"); !strings.HasPrefix(got, "nothing to do") {
		t.Errorf("unstartup prints %q", got)
	}
	s.expectCalls()
}

// A service manager has the applications of one folder. Those of another one are started without it, and do not take its unit.
func TestStartupOfAnotherFolder(t *testing.T) {
	s := newSystemd(t)
	s.do("startup", "systemd", "--user")
	other := &manager{t: t, home: filepath.Join(t.TempDir(), "other")}
	other.env = append(slices.Clone(s.env), "NODECLUSTER_HOME="+other.home)
	defer other.run("kill")
	os.Remove(s.calls)
	other.refuse(1, "another folder", "startup", "systemd", "--user")
	other.do("start", nodetest.Script(t, "server.js", "require('http').createServer().listen(0)"), "-i", "1")
	other.do("unstartup")
	s.expectCalls()
}

// Where systemd does not run, it is said what to do.
func TestStartupElsewhere(t *testing.T) {
	if _, err := os.Lstat("/run/systemd/system"); err == nil {
		t.Skip("systemd runs this system")
	}
	s := newSystemd(t)
	s.do("start", nodetest.Script(t, "server.js", "require('http').createServer().listen(0)"), "-n", "api", "-i", "1")
	r := s.run("startup")
	if r.status != 1 || !strings.Contains(r.stderr, "systemd does not run this system") || !strings.Contains(r.stdout, binary+" run --name api") {
		t.Errorf("%+v", r)
	}
	s.expectCalls()
}
