package config

import (
	"maps"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asPM2Has is what an application of PM2's is unless it says otherwise.
func asPM2Has(folder string, change func(*App)) App {
	a := App{
		Name: "app", Script: folder + "/app.js", Cwd: folder, Instances: "1", Restart: "always", StopSignal: "SIGINT",
		InstanceVar: "NODE_APP_INSTANCE",
	}
	change(&a)
	return a
}

// TestPM2sFields: what each field of PM2's means here.
func TestPM2sFields(t *testing.T) {
	folder := inFolder(t, map[string]string{"app.js": "", "sub/app.js": "", "tool.sh": "#!/bin/sh\n", "text": "process", "npmlike": "#!/usr/bin/env node\n"})
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fields string
		change func(*App)
		note   string
	}{
		{"", func(a *App) {}, ""},
		{"name: web", func(a *App) { a.Name = "web" }, ""},
		{"name: my app/1", func(a *App) { a.Name = "my-app-1" }, "the name my app/1 becomes my-app-1"},
		{"args: -a 1", func(a *App) { a.Args = Words{"-a", "1"} }, ""},
		{"args: [-a, 1]", func(a *App) { a.Args = Words{"-a", "1"} }, ""},
		{`args: --a "b c" d='e f' 'g h' --x="y z" plain\ space`, func(a *App) {
			a.Args = Words{"--a", "b c", "d='e f'", "g h", `--x="y z"`, `plain\`, "space"} // as PM2 7.0.4 has passed it
		}, ""},
		{"cwd: sub", func(a *App) { a.Cwd, a.Script = folder+"/sub", folder+"/sub/app.js" }, ""},
		{"interpreter: node", func(a *App) {}, ""},
		{"interpreter: bun", func(a *App) { a.Node = "bun" }, ""},
		{"exec_interpreter: /opt/node", func(a *App) { a.Node = "/opt/node" }, ""},
		{"interpreter: node@18", func(a *App) {}, "interpreter is not taken over: say with node where Node 18 is"},
		{"interpreter: none", func(a *App) {}, "interpreter is not taken over: node runs what ends in .js"},
		{"node_args: --trace-warnings -r x", func(a *App) { a.NodeArgs = Words{"--trace-warnings", "-r", "x"} }, ""},
		{"interpreter_args: [-r, x]", func(a *App) { a.NodeArgs = Words{"-r", "x"} }, ""},
		{"interpreterArgs: -r x", func(a *App) { a.NodeArgs = Words{"-r", "x"} }, ""},
		{"instances: 4", func(a *App) { a.Instances = "4" }, ""},
		{"instances: '4'", func(a *App) { a.Instances = "4" }, ""},
		{"instances: max", func(a *App) { a.Instances = "max" }, ""},
		{"instances: 0", func(a *App) { a.Instances = "max" }, ""},
		{"instances: -1", func(a *App) { a.Instances = "-1" }, ""},
		{"exec_mode: cluster", func(a *App) {}, ""},
		{"exec_mode: fork", func(a *App) {}, "exec_mode is not taken over: all workers are cluster workers"},
		{"env: {A: 1, B: true, C: null, D: {e: [1]}}", func(a *App) { a.Env = Env{"A": "1", "B": "true", "C": "null", "D": `{"e":[1]}`} }, ""},
		{"env_production: {A: 1}", func(a *App) {}, ""},
		{"port: 80", func(a *App) { a.Env = Env{"PORT": "80"} }, ""},
		{"env: {PORT: 1}\nport: 80", func(a *App) { a.Env = Env{"PORT": "80"} }, ""},
		{"filter_env: true", func(a *App) { a.FilterEnv = Filter{"*"} }, ""},
		{"filter_env: SECRET", func(a *App) { a.FilterEnv = Filter{"SECRET"} }, ""},
		{"filter_env: [AWS, KEY]", func(a *App) { a.FilterEnv = Filter{"*AWS*", "*KEY*"} }, ""},
		{"watch: true", func(a *App) { a.Watch = Watch{"."} }, ""},
		{"watch: false", func(a *App) {}, ""},
		{"watch: [src]", func(a *App) { a.Watch = Watch{"src"} }, ""},
		{"ignore_watch: node_modules logs", func(a *App) { a.IgnoreWatch = List{"node_modules", "logs"} }, ""},
		{"ignore_watch: [x, {$regexp: /y/}]", func(a *App) { a.IgnoreWatch = List{"x"} }, "where it is a regular expression, such as /y/"},
		{"watch_delay: 1000", func(a *App) { a.WatchDelay = "1s" }, ""},
		{"watch_options: {}", func(a *App) {}, "use ignore_watch and watch_delay"},
		{"max_memory_restart: 300M", func(a *App) { a.MaxMemory = "300M" }, ""},
		{"max_memory_restart: 100000000", func(a *App) { a.MaxMemory = "100000000" }, ""},
		{"cron_restart: 0 4 * * *", func(a *App) { a.Cron = "0 4 * * *" }, ""},
		{"cron_restart: 0", func(a *App) {}, ""},
		{"autorestart: true", func(a *App) {}, ""},
		{"autorestart: false", func(a *App) { a.Restart = "never" }, ""},
		{"autostart: false", func(a *App) { a.Autostart = ptr(false) }, ""},
		{"max_restarts: 5", func(a *App) { a.MaxRestarts = ptr(5) }, ""},
		{"max_restarts: '5'", func(a *App) { a.MaxRestarts = ptr(5) }, ""},
		{"min_uptime: 10s", func(a *App) { a.MinUptime = "10s" }, ""},
		{"min_uptime: 1500", func(a *App) { a.MinUptime = "1500ms" }, ""},
		{"restart_delay: '50'", func(a *App) { a.RestartDelay = "50ms" }, ""},
		{"exp_backoff_restart_delay: 100", func(a *App) { a.RestartDelay = "100ms" }, ""},
		{"restart_delay: 50\nexp_backoff_restart_delay: 200", func(a *App) { a.RestartDelay = "200ms" }, ""},
		{"exp_backoff_restart_delay: 200\nrestart_delay: 50", func(a *App) { a.RestartDelay = "200ms" }, ""},
		{"exp_backoff_restart_delay: 0\nrestart_delay: 50", func(a *App) { a.RestartDelay = "50ms" }, ""},
		{"stop_exit_codes: [0, 2]", func(a *App) { a.StopExitCodes = Codes{0, 2} }, ""},
		{"stop_exit_codes: 0", func(a *App) { a.StopExitCodes = Codes{0} }, ""},
		{"kill_timeout: 1600", func(a *App) { a.KillTimeout = "1600ms" }, ""},
		{"killTimeout: 3000", func(a *App) { a.KillTimeout = "3s" }, ""},
		{"treekill: true", func(a *App) {}, ""},
		{"treekill: false", func(a *App) {}, "the workers alone are signalled"},
		{"wait_ready: true", func(a *App) { a.WaitReady = true }, ""},
		{"listen_timeout: 8000", func(a *App) { a.ListenTimeout = "8s" }, "a worker that is not ready by then has failed"},
		{"shutdown_with_message: true", func(a *App) { a.Stop = "message" }, ""},
		{"out_file: logs/out.log", func(a *App) { a.OutFile = folder + "/logs/out.log" }, ""},
		{"output: ~/out.log", func(a *App) { a.OutFile = home + "/out.log" }, ""},
		{"error: 'NULL'", func(a *App) { a.ErrorFile = "/dev/null" }, ""},
		{"err_log: /e", func(a *App) { a.ErrorFile = "/e" }, ""},
		{"log: all.log", func(a *App) { a.LogFile = folder + "/all.log" }, ""},
		{"log_file: true", func(a *App) {}, ""},
		{"merge_logs: true", func(a *App) {}, ""},
		{"combine_logs: false", func(a *App) {}, "combine_logs is not taken over: the output of all instances is in one file"},
		{"time: true", func(a *App) { a.Time = true }, ""},
		{"log_date_format: YYYY-MM-DD HH:mm Z", func(a *App) { a.LogDateFormat = "YYYY-MM-DD HH:mm Z" }, ""},
		{"log_type: json", func(a *App) { a.LogType = "json" }, ""},
		{"disable_logs: true", func(a *App) { a.LogType = "none" }, ""},
		{"disable_logs: true\nlog_type: json", func(a *App) { a.LogType = "none" }, ""},
		{"log_type: json\ndisable_logs: true", func(a *App) { a.LogType = "none" }, ""},
		{"pid_file: x.pid", func(a *App) {}, "the pids are in the list of workers"},
		{"instance_var: I", func(a *App) { a.InstanceVar = "I" }, ""},
		{"env: {PORT: 3000}\nincrement_var: PORT", func(a *App) { a.Env, a.IncrementVar = Env{"PORT": "3000"}, "PORT" }, ""},
		{"namespace: ns", func(a *App) { a.Namespace = "ns" }, ""},
		{"source_map_support: true", func(a *App) {}, "add --enable-source-maps to node_args"},
		{"source_map_support: false", func(a *App) {}, ""},
		{"pmx: false", func(a *App) {}, ""},
		{"vizion: true", func(a *App) {}, "nothing is read of a version control"},
		{"windowsHide: true", func(a *App) {}, "there are no windows"},
		{"name: null", func(a *App) {}, ""},
		// PM2's files may have what PM2 has not.
		{"sched: least\nreadiness: /healthz", func(a *App) { a.Sched, a.Readiness = "least", "/healthz" }, ""},
		{"restart: on-failure", func(a *App) { a.Restart = "on-failure" }, ""},
		// What script is.
		{"script: ./tool.sh", func(a *App) { a.Name, a.Script, a.Node = "tool", folder+"/tool.sh", "bash" }, ""},
		{"script: tool.sh\ninterpreter: none", func(a *App) { a.Name, a.Script = "tool", folder+"/tool.sh" }, ""},
		{"script: text", func(a *App) { a.Name, a.Script, a.Node = "text", folder+"/text", "node" }, ""},
		{"script: npmlike", func(a *App) { a.Name, a.Script, a.Node = "npmlike", folder+"/npmlike", "node" }, ""},
		{"script: sleep", func(a *App) { a.Name, a.Script = "sleep", lookPath(t, "sleep") }, ""},
		{"exec: node app.js --x", func(a *App) {
			a.Name, a.Script, a.Args = "node-app", lookPath(t, "bash"), Words{"-c", "node app.js --x"}
		}, ""},
		{"script: gone.js", func(a *App) { a.Name, a.Script = "gone", folder+"/gone.js" }, "script is not there: " + folder + "/gone.js"},
	} {
		text := c.fields
		if !strings.Contains(text, "script:") && !strings.HasPrefix(text, "exec:") {
			text += "\nscript: app.js"
		}
		if err := os.WriteFile("app.yaml", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		apps, notes := mustLoad(t, "app.yaml", LoadOptions{})
		if diff := cmp.Diff([]App{asPM2Has(folder, c.change)}, apps); diff != "" {
			t.Errorf("%s: %s", c.fields, diff)
		}
		if c.note != "" {
			expectNote(t, notes, c.note)
		} else if len(notes) > 0 {
			t.Errorf("%s: notes %q", c.fields, notes)
		}
	}
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPM2sUser: uid brings the user's group and home along, as PM2 does.
func TestPM2sUser(t *testing.T) {
	folder := inFolder(t, map[string]string{"app.js": "", "app.yaml": "script: app.js\nuser: nobody"})
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	apps, _ := mustLoad(t, "app.yaml", LoadOptions{})
	want := asPM2Has(folder, func(a *App) { a.UID, a.GID, a.Env = "nobody", ID(nobody.Gid), Env{"HOME": nobody.HomeDir} })
	if diff := cmp.Diff([]App{want}, apps); diff != "" {
		t.Error(diff)
	}
}

func TestPM2sPython(t *testing.T) {
	folder := inFolder(t, map[string]string{"app.py": "", "app.yaml": "script: app.py\ninterpreter: python3"})
	apps, _ := mustLoad(t, "app.yaml", LoadOptions{})
	want := asPM2Has(folder, func(a *App) { a.Script, a.Node, a.Env = folder+"/app.py", "python3", Env{"PYTHONUNBUFFERED": "1"} })
	if diff := cmp.Diff([]App{want}, apps); diff != "" {
		t.Error(diff)
	}
}

func TestPM2sMistakes(t *testing.T) {
	inFolder(t, map[string]string{"app.js": "", "sub/app.js": ""})
	for fields, want := range map[string]string{
		"instancez: 2":                       "app.yaml:1:1: there is no field instancez: is instances meant?",
		"exec_mode: thread":                  "app.yaml:1:12: exec_mode: use fork or cluster",
		"max_memory_restart: lots":           "max_memory: use a size in bytes",
		"autorestart: maybe":                 "autorestart: use true or false",
		"autorestart: true\nrestart: always": "restart and autorestart are the same",
		"interpreter: bun\nnode: deno":       "node and interpreter are the same",
		"interpreter: [node]":                "interpreter: use the name or path of a program",
		"out: a\noutput: b":                  "out and output are the same",
		"port: http":                         "port: use a number",
		"user: no such user":                 "uid: there is no user no such user",
		"env: [A]":                           "env: use NAME: VALUE",
		"name: /":                            "name: use up to 64 letters",
		"exec: node app.js\nargs: --flag":    "args: script is a command line, so write them there",
	} {
		if !strings.Contains(fields, "exec:") {
			fields += "\nscript: app.js"
		}
		if err := os.WriteFile("app.yaml", []byte(fields), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load("app.yaml", LoadOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", fields, err, want)
		}
	}
}

// TestPM2sPaths: they are meant from the working directory, and what is beside the file is pointed at.
func TestPM2sPaths(t *testing.T) {
	folder := inFolder(t, map[string]string{"sub/app.js": "", "sub/ecosystem.json": `{"apps": [{"script": "app.js"}], "deploy": {}}`})
	apps, notes := mustLoad(t, "sub/ecosystem.json", LoadOptions{})
	if apps[0].Script != filepath.Join(folder, "app.js") || len(notes) != 2 {
		t.Fatalf("%+v %q", apps, notes)
	}
	if want := "deploy is not taken over: there is no deployment over ssh"; notes[0].String() != want || notes[0].Line != 1 {
		t.Errorf("%+v, want %s", notes[0], want)
	}
	if want := "there is no " + folder + "/app.js, but " + folder + "/sub/app.js: go to that folder, or set cwd"; !strings.Contains(notes[1].String(), want) {
		t.Errorf("%q, want %s", notes[1], want)
	}
}

func TestEnvOfPM2(t *testing.T) {
	inFolder(t, map[string]string{"app.js": "", "app.yaml": `
apps:
  - {name: a, script: app.js, append_env_to_name: true, port: 1, env: {A: 1, B: 1}, env_production: {A: 2, PORT: 2}}
  - {name: b, script: app.js}
`})
	apps, _ := mustLoad(t, "app.yaml", LoadOptions{Env: "production"})
	if diff := cmp.Diff(Env{"A": "2", "B": "1", "PORT": "2"}, apps[0].Env); diff != "" || apps[0].Name != "a-production" || apps[1].Name != "b" {
		t.Errorf("%+v %s", apps, diff)
	}
}

// TestNames: each name of PM2's is known, and leads to what exists.
func TestNames(t *testing.T) {
	for _, name := range slices.Collect(maps.Keys(translations)) {
		if fieldNamed(name) == nil && !slices.Contains(translated, name) {
			t.Errorf("%s is not among the names that are translated", name)
		}
	}
	for _, name := range translated {
		if translations[name] == nil {
			t.Errorf("nothing translates %s", name)
		}
	}
	for alias, name := range aliases {
		if canonical(name) != name || canonical(alias) != name {
			t.Errorf("%s leads to %s, which is no field", alias, name)
		}
	}
}
