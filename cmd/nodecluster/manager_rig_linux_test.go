package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/home"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// manager is a folder in which applications are started by the real program.
type manager struct {
	t      *testing.T
	home   string
	folder string // in which commands are given
	env    []string
}

// newManager makes a folder without applications. Those that are left at the end of the test are stopped, and nothing may be left of them.
func newManager(t *testing.T) *manager {
	t.Helper()
	nodetest.NoLeaks(t)
	m := &manager{t: t, home: filepath.Join(t.TempDir(), "home"), folder: t.TempDir()}
	mark := newMark()
	m.env = []string{
		mark, "NODECLUSTER_HOME=" + m.home, "GORACE=atexit_sleep_ms=0",
		"PATH=" + filepath.Dir(nodetest.Default(t).Path) + ":" + os.Getenv("PATH"),
	}
	t.Cleanup(func() {
		m.run("kill")
		if t.Failed() {
			m.showLogs()
		}
		expectNoProcess(t, mark)
	})
	return m
}

func (m *manager) showLogs() {
	logs, _ := filepath.Glob(filepath.Join(m.home, "apps", "*", "supervisor.log"))
	for _, path := range logs {
		text, _ := os.ReadFile(path)
		m.t.Logf("%s:\n%s", path, text)
	}
}

// result is what a command has printed, and its exit status.
type result struct {
	stdout, stderr string
	status         int
}

// run runs a command.
func (m *manager) run(args ...string) result {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, binary, args...)
	command.Env = append(os.Environ(), m.env...)
	command.Dir = m.folder
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		m.t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// do runs a command that has to succeed, and returns what it has printed.
func (m *manager) do(args ...string) string {
	m.t.Helper()
	r := m.run(args...)
	if r.status != 0 {
		m.t.Fatalf("%s ended with %d: %s%s", strings.Join(args, " "), r.status, r.stdout, r.stderr)
	}
	return r.stdout
}

// refuse runs a command that has to end with a status, and a line that says why.
func (m *manager) refuse(status int, why string, args ...string) {
	m.t.Helper()
	r := m.run(args...)
	if r.status != status || !strings.Contains(r.stderr, why) || strings.Contains(r.stderr, "panic") {
		m.t.Errorf("%s ended with %d and %q, want %d and %q", strings.Join(args, " "), r.status, r.stderr, status, why)
	}
}

// apps are the applications as ls --json has them.
func (m *manager) apps() (apps []control.App) {
	m.t.Helper()
	if err := json.Unmarshal([]byte(m.do("ls", "--json")), &apps); err != nil {
		m.t.Fatal(err)
	}
	return apps
}

// app is one of them.
func (m *manager) app(name string) control.App {
	m.t.Helper()
	for _, a := range m.apps() {
		if a.Name == name {
			return a
		}
	}
	m.t.Fatalf("there is no application %s", name)
	return control.App{}
}

// pids are those of an application's workers by their instances.
func (m *manager) pids(name string) (pids []int) {
	m.t.Helper()
	for _, w := range m.app(name).Workers {
		pids = append(pids, w.Pid)
	}
	return pids
}

// killSupervisor ends an application's supervisor as nothing can be caught.
func (m *manager) killSupervisor(name string) {
	m.t.Helper()
	pid := m.app(name).Supervisor.Pid
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		m.t.Fatal(err)
	}
	m.awaitEnd(name)
}

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
