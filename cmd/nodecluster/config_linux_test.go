package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// commandIn runs the real program in a folder.
func commandIn(t *testing.T, folder string, env []string, args ...string) result {
	t.Helper()
	command := exec.CommandContext(nodetest.Context(t), binary, args...)
	command.Dir = folder
	command.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), env...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if failed := (*exec.ExitError)(nil); !errors.As(command.Run(), &failed) && command.ProcessState == nil {
		t.Fatal("the program has not run")
	}
	return result{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

func (r result) expect(t *testing.T, status int, stdout, stderr string) {
	t.Helper()
	if r.status != status || !strings.Contains(r.stdout, stdout) || !strings.Contains(r.stderr, stderr) {
		t.Errorf("status %d, want %d with %q and %q\n%s%s", r.status, status, stdout, stderr, r.stdout, r.stderr)
	}
}

func writeIn(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestCheckCommand(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	writeIn(t, folder, "server.js", "")
	writeIn(t, folder, "nodecluster.yaml", "name: api\nscript: server.js\nenv: {KEY: secret}\nenv_test: {MORE: x}\npmx: true\n")
	r := commandIn(t, folder, nil, "check")
	r.expect(t, 0, "api\n  script: "+folder+"/server.js\n  cwd: "+folder+"\n  env.KEY: ******\n\napi: pmx is not taken over: ", "")
	commandIn(t, folder, nil, "check", "--show", "--env-name", "test").expect(t, 0, "  env.KEY: secret\n  env.MORE: x\n", "")
	var said struct {
		Apps []struct {
			Name, Script string
			Env          map[string]string
		}
		Notes []struct {
			App, Field, Message string
			Line                int
		}
	}
	r = commandIn(t, folder, nil, "check", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &said); err != nil || len(said.Apps) != 1 || len(said.Notes) != 1 {
		t.Fatalf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	if a, n := said.Apps[0], said.Notes[0]; a.Name != "api" || a.Env["KEY"] != "******" || n.App != "api" || n.Field != "pmx" || n.Line != 5 {
		t.Errorf("%+v", said)
	}
}

// TestCheckOfMistakes: what the flags have against a value is shown with its line too.
func TestCheckOfMistakes(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	writeIn(t, folder, "server.js", "")
	for text, want := range map[string]string{
		"script: server.js\n\tinstancez: 2":               "nodecluster: nodecluster.yaml:",
		"script: server.js\ninstancez: 2":                 "nodecluster: nodecluster.yaml:2:1: there is no field instancez: is instances meant?\n    1 | script: server.js\n    2 | instancez: 2\n      | ^\n",
		"script: server.js\nreadiness: health":            "nodecluster.yaml:2:12: application server: ",
		"script: server.js\nstop_signal: SIGNO":           "nodecluster.yaml:2:14: application server: ",
		"script: server.js\nhealth_period: 5s":            "nodecluster.yaml:2:16: application server: --health-period",
		"script: server.js\nmix: [nothing]":               "nodecluster.yaml:2:",
		"script: server.js\ncron: every day":              "nodecluster.yaml:2:7: application server: ",
		"script: server.js\nautoscale: 8-2\ninstances: 2": "nodecluster.yaml:2:12: application server: ",
	} {
		writeIn(t, folder, "nodecluster.yaml", text)
		commandIn(t, folder, nil, "check").expect(t, 1, "", want)
	}
	commandIn(t, folder, nil, "check", "gone.yaml").expect(t, 1, "", "nodecluster: gone.yaml: no such file or directory\n")
	commandIn(t, folder, nil, "check", "a.yaml", "b.yaml").expect(t, 2, "", "")
}

func TestInitCommand(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	commandIn(t, folder, nil, "init").expect(t, 0, "wrote nodecluster.yaml", "")
	writeIn(t, folder, "server.js", "")
	commandIn(t, folder, nil, "check").expect(t, 0, "app\n  script: "+folder+"/server.js\n", "")
	writeIn(t, folder, "nodecluster.yaml", "mine")
	commandIn(t, folder, nil, "init").expect(t, 1, "", "nodecluster.yaml is there already: remove it first")
	if text, err := os.ReadFile(filepath.Join(folder, "nodecluster.yaml")); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestMigrateCommand(t *testing.T) {
	nodetest.NoLeaks(t)
	folder, home := t.TempDir(), t.TempDir()
	env := []string{"PM2_HOME=" + home, "PATH=" + filepath.Dir(nodetest.Default(t).Path) + ":" + os.Getenv("PATH")}
	commandIn(t, folder, env, "migrate").expect(t, 1, "", "there is no ecosystem file here, and no "+home+"/dump.pm2")
	dump, err := os.ReadFile("internal/config/testdata/dump.pm2")
	if err != nil {
		t.Fatal(err)
	}
	writeIn(t, home, "dump.pm2", string(dump))
	commandIn(t, folder, env, "migrate", "-o", "-").expect(t, 0, "\n  - name: job\n", "")

	writeIn(t, folder, "server.js", "")
	writeIn(t, folder, "ecosystem.config.js", "console.log('printed'); module.exports = { apps: [{ script: 'server.js', instances: 2, exec_mode: 'fork' }] }")
	commandIn(t, folder, env, "migrate").expect(t, 0, "wrote nodecluster.yaml from ecosystem.config.js\nserver: exec_mode is not taken over: ", "printed\n")
	commandIn(t, folder, env, "check").expect(t, 0, "server\n  script: "+folder+"/server.js\n  cwd: "+folder+"\n  instances: 2\n", "")
	commandIn(t, folder, env, "migrate").expect(t, 1, "", "nodecluster.yaml is there already")
	if info, err := os.Stat(filepath.Join(folder, "nodecluster.yaml")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestFilterEnv: workers do not get what is left out, which a file may say too.
func TestFilterEnv(t *testing.T) {
	nodetest.NoLeaks(t)
	folder := t.TempDir()
	writeIn(t, folder, "env.js", "console.log([process.env.SECRET_KEY, process.env.OTHER, process.env.OWN].join('|')); process.disconnect()")
	writeIn(t, folder, ".env", "SECRET_KEY=of the file")
	env := []string{"SECRET_KEY=of the terminal", "OTHER=2"}
	run := []string{"run", "-i", "1", "--log-format", "none", "--node", nodetest.Default(t).Path, "--env", "OWN=3"}
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{nil, "of the terminal|2|3\n"},
		{[]string{"--filter-env", "SECRET_*"}, "|2|3\n"},
		{[]string{"--filter-env", "*"}, "||3\n"},
		{[]string{"--filter-env", "*KEY", "--env-file", ".env"}, "of the file|2|3\n"},
	} {
		r := commandIn(t, folder, env, append(append(run[:len(run):len(run)], c.flags...), "env.js")...)
		if r.status != 0 || r.stdout != c.want {
			t.Errorf("%v: status %d, %q, want %q\n%s", c.flags, r.status, r.stdout, c.want, r.stderr)
		}
	}
	writeIn(t, folder, "nodecluster.yaml", "script: env.js\nfilter_env: [SECRET_*, '*']")
	commandIn(t, folder, nil, "check").expect(t, 0, "  filter_env: ", "")
}
