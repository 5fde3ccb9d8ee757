package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeLog makes an application's log have lines, of which the last one was read now and each other a minute before the next.
func (m *manager) writeLog(name string, lines ...string) {
	m.t.Helper()
	var text strings.Builder
	for i, line := range lines {
		at := time.Now().Add(time.Duration(i-len(lines)+1) * time.Minute)
		fmt.Fprintf(&text, "%s %s\n", at.Format("2006-01-02T15:04:05.000Z07:00"), line)
	}
	path := filepath.Join(m.home, "apps", name, "logs", name+".log")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// The command prints what applications have printed, by all that its flags say, and says what it cannot print.
func TestLogsCommand(t *testing.T) {
	m := newManager(t)
	script := filepath.Join(t.TempDir(), "app.js")
	if err := os.WriteFile(script, []byte("setInterval(() => {}, 1000)"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"api", "jobs"} {
		m.do("start", script, "-n", name)
		m.do("stop", name)
	}
	m.writeLog("api", "0/1 out first", "1/2 err second", "- log 3 lines lost: no space left on device", "0/1 out third")
	m.writeLog("jobs", "0/9 out alone")
	for _, c := range []struct{ args, want string }{
		{"api", "api/0 | first\napi/1 ! second\napi | nodecluster: 3 lines lost: no space left on device\napi/0 | third\n"},
		{"api -n 1", "api/0 | third\n"},
		{"api --lines 0", ""},
		{"api --err --raw", "second\nnodecluster: 3 lines lost: no space left on device\n"},
		{"api/1 --raw --grep ^s", "second\n"},
		{"api jobs --since 90s --raw --out --grep ^(third|alone)$", "third\nalone\n"},
		{"jobs", "jobs/0 | alone\n"},
	} {
		if got := m.do(append([]string{"logs", "--nostream"}, strings.Fields(c.args)...)...); got != c.want {
			t.Errorf("logs %s prints %q, want %q", c.args, got, c.want)
		}
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(m.do("logs", "jobs", "--nostream", "--json")), &line); err != nil || line["text"] != "alone" || line["app"] != "jobs" {
		t.Errorf("the object is %v, %v", line, err)
	}
	m.refuse(4, "there is no application gone", "logs", "gone")
	m.refuse(2, "--json and --raw", "logs", "api", "--json", "--raw")
	m.refuse(2, "--grep: error parsing regexp", "logs", "api", "--grep", "(")
	m.refuse(2, `--since "lately": use a duration`, "logs", "api", "--since", "lately")
}

// Without --nostream the command goes on.
func TestLogsCommandFollows(t *testing.T) {
	m := newManager(t)
	script := filepath.Join(t.TempDir(), "app.js")
	if err := os.WriteFile(script, []byte("setInterval(() => {}, 1000)"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.do("start", script, "-n", "api")
	m.do("stop", "api")
	m.writeLog("api", "0/1 out first")
	command := exec.Command(binary, "logs", "api", "--raw")
	command.Env = append(os.Environ(), m.env...)
	out := newOutput()
	command.Stdout, command.Stderr = out, out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		command.Process.Kill()
		command.Wait()
	}()
	poll(t, "the first line is printed", func() bool { return out.String() == "first\n" })
	path := filepath.Join(m.home, "apps", "api", "logs", "api.log")
	log, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, err := log.WriteString("2026-11-29T12:00:00.000Z 0/1 out next\n"); err != nil {
		t.Fatal(err)
	}
	poll(t, "the next line is printed", func() bool { return strings.HasSuffix(out.String(), "\nnext\n") })
}
