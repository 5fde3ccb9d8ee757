package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A record that cannot be read is that application's trouble alone.
func TestDamagedRecord(t *testing.T) {
	m := newManager(t)
	for _, name := range []string{"api", "web"} {
		m.do("start", nodetest.Script(t, "server.js", release("one")), "-n", name, "-i", "1", "--env", fmt.Sprint("PORT=", nodetest.FreePort(t)))
	}
	record := filepath.Join(m.home, "apps", "api", "app.json")
	if err := os.WriteFile(record, []byte(`{"format":1,"wan`), 0o600); err != nil {
		t.Fatal(err)
	}
	if app := m.app("api"); app.State != control.Online || app.Ready != 1 {
		t.Errorf("while it runs it is %+v", app)
	}
	m.do("stop", "web")
	m.refuse(1, record, "restart", "api", "--update-env")
	m.do("kill")
	if app := m.app("api"); app.State != control.Errored || !strings.Contains(app.Reason, record) {
		t.Errorf("it is %+v", app)
	}
	m.refuse(1, record, "start", "api")
	m.refuse(1, record, "restart", "api")
	m.do("resurrect")
	if text, err := os.ReadFile(record); err != nil || string(text) != `{"format":1,"wan` {
		t.Errorf("the record is %s (%v)", text, err)
	}
	m.do("delete", "api")
	if apps := m.apps(); len(apps) != 1 || apps[0].Name != "web" {
		t.Errorf("there are %+v", apps)
	}
}

// The members of the group look, without the values of the environment, and others do not.
func TestControlGroup(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be two users")
	}
	m := newManager(t)
	if err := os.Chmod(filepath.Dir(filepath.Dir(m.home)), 0o755); err != nil { // the test's own folder
		t.Fatal(err)
	}
	m.do("start", nodetest.Script(t, "server.js", release("one")), "-n", "api", "-i", "1", "--control-group", "23456",
		"--env", fmt.Sprint("PORT=", nodetest.FreePort(t)), "--env", "KEY=secret")
	var apps []control.App
	text, status := m.asOther(23456, "ls", "--json")
	if err := json.Unmarshal([]byte(text), &apps); err != nil || status != 0 || len(apps) != 1 || apps[0].State != control.Online {
		t.Fatalf("a member gets %s with %d (%v)", text, status, err)
	}
	if strings.Contains(text, "secret") || !strings.Contains(text, "******") {
		t.Errorf("a member sees the environment: %s", text)
	}
	if text, status := m.asOther(23456, "stop", "api"); status != 1 || !strings.Contains(text, "members of the group 23456 may look") {
		t.Errorf("a member who stops it gets %q with %d", text, status)
	}
	if text, status := m.asOther(34567, "ls"); status != 1 || !strings.Contains(text, "permission denied") {
		t.Errorf("another user gets %q with %d", text, status)
	}
}

// asOther runs a command as a user who is in the group, and gives what it has printed, and its exit status.
func (m *manager) asOther(group uint32, args ...string) (string, int) {
	m.t.Helper()
	command := exec.CommandContext(m.t.Context(), binary, args...)
	command.Env = append(os.Environ(), m.env...)
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, Groups: []uint32{group}}}
	text, _ := command.CombinedOutput()
	return string(text), command.ProcessState.ExitCode()
}
