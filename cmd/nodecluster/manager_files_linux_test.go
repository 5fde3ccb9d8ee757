package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

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
