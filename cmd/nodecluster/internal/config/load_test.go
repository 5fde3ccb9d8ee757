package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

func TestLoad(t *testing.T) {
	folder := inFolder(t, map[string]string{"at/dist/server.js": "", "at/nodecluster.yaml": `
apps:
  - name: api
    script: dist/server.js
    args: --port 3000 "a b"
    node_args: [--enable-source-maps]
    instances: max
    sched: least
    env: {PORT: 3000, VERSION: 3.10, MODE: 0644, DEBUG: true, EMPTY: ""}
    env_production: {PORT: 80, LOG_LEVEL: warn}
    env_file: .env
    wait_ready: true
    listen_timeout: 10s
    kill_timeout: 5000
    health_period: 1500
    max_memory: 400M
    max_restarts: 0
    min_port: 1024
    stop_exit_codes: [0, 3]
    watch: true
    out_file: logs/out.log
    autostart: false
    depends_on: {proxy: healthy}
    uid: 1000
    filter_env: AWS_*
  - script: dist/server.js
    name: other
    watch: [src, lib]
    stop_exit_codes: 3
    cwd: dist
    node: ../bin/node
`})
	apps, notes := mustLoad(t, "at/nodecluster.yaml", LoadOptions{})
	want := []App{{
		Name: "api", Script: folder + "/at/dist/server.js", Args: Words{"--port", "3000", "a b"}, NodeArgs: Words{"--enable-source-maps"},
		Cwd: folder + "/at", Instances: "max", Sched: "least",
		Env:     Env{"PORT": "3000", "VERSION": "3.10", "MODE": "0644", "DEBUG": "true", "EMPTY": ""},
		EnvFile: List{folder + "/at/.env"}, WaitReady: true, ListenTimeout: "10s", KillTimeout: "5s", HealthPeriod: "1500ms", MaxMemory: "400M",
		MaxRestarts: ptr(0), MinPort: 1024, StopExitCodes: Codes{0, 3}, Watch: Watch{"."}, OutFile: folder + "/at/logs/out.log",
		Autostart: ptr(false), DependsOn: DependsOn{"proxy": "healthy"}, UID: "1000", FilterEnv: Filter{"AWS_*"},
	}, {
		Name: "other", Script: folder + "/at/dist/server.js", Watch: Watch{"src", "lib"}, StopExitCodes: Codes{3}, Cwd: folder + "/at/dist",
		Node: folder + "/bin/node",
	}}
	if diff := cmp.Diff(want, apps); diff != "" {
		t.Error(diff)
	}
	if len(notes) > 0 {
		t.Errorf("notes %q", notes)
	}
	apps, _ = mustLoad(t, "at/nodecluster.yaml", LoadOptions{Env: "production", Only: []string{"api"}})
	want[0].Env["PORT"], want[0].Env["LOG_LEVEL"] = "80", "warn"
	if diff := cmp.Diff(want[:1], apps); diff != "" {
		t.Errorf("with --env production --only api: %s", diff)
	}
}

// TestShapes reads one application, one in a list and one under apps, in YAML and JSON.
func TestShapes(t *testing.T) {
	for _, text := range []string{
		"script: a.js", "- script: a.js", "apps: {script: a.js}", "apps: [{script: a.js}]", `{"script": "a.js"}`, `{"apps": [{"script": "a.js"}]}`,
		"x-base: &b {script: a.js}\napps: [*b]", "apps:\n- &b\n  script: a.js", "---\nscript: a.js\n...\n", "script: !!str a.js",
	} {
		inFolder(t, map[string]string{"nodecluster.yaml": text, "a.js": ""})
		apps, _ := mustLoad(t, "nodecluster.yaml", LoadOptions{})
		if len(apps) != 1 || apps[0].Name != "a" {
			t.Errorf("%s: %+v", text, apps)
		}
	}
}

func TestMerge(t *testing.T) {
	inFolder(t, map[string]string{"nodecluster.yaml": `
apps:
  - &api
    name: api
    script: a.js
    env: &env {A: 1, B: 2}
  - <<: *api
    name: jobs
    env: {<<: *env, B: 3}
`, "a.js": ""})
	apps, _ := mustLoad(t, "nodecluster.yaml", LoadOptions{})
	if len(apps) != 2 || apps[1].Name != "jobs" || apps[1].Env["A"] != "1" || apps[1].Env["B"] != "3" || apps[0].Env["B"] != "2" {
		t.Errorf("%+v", apps)
	}
}

// TestMistakes: what is wrong is said with its place.
func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		text, want string
		excerpt    string
	}{
		{"script: a.js\ninstancez: 2", "nodecluster.yaml:2:1: there is no field instancez: is instances meant?", "    1 | script: a.js\n    2 | instancez: 2\n      | ^"},
		{"apps:\n  - script: a.js\n\n    kill_timeout: soon", ":4:19: kill_timeout: use a duration such as", "    4 |     kill_timeout: soon\n      |                   ^"},
		{"script: a.js\nzzzzz: 2", "there is no field zzzzz", ""},
		{"script: [a.js]", "script: use a text", ""},
		{"script: a.js\ninstances: many", ":2:12: instances: use a number", ""},
		{"script: a.js\ninstances: 1.5", "instances: use a number", ""},
		{"script: a.js\nmax_memory: 1T", "max_memory: use a size", ""},
		{"script: a.js\nsched: fair", "sched: use one of rr, none, reuseport, sticky, least", ""},
		{"script: a.js\nwait_ready: 1", "wait_ready: use true or false", ""},
		{"script: a.js\nwait_ready: yes", "wait_ready: use true or false", ""},
		{"script: a.js\nspare: -1", "spare: use a number from 0 on", ""},
		{"script: a.js\nparallel: 0", "parallel: use a number from 1 on", ""},
		{"script: a.js\nmax_restarts: \"3\"", "max_restarts: use a number from 0 on", ""},
		{"script: a.js\nwatch: 3", "watch: use true, false, a path", ""},
		{"script: a.js\nargs: \"it's", ":2:7: ", ""},
		{"script: a.js\nargs: it's", "args: a quote or a backslash is not complete", ""},
		{"script: a.js\nargs: [{a: 1}]", ":2:", ""},
		{"script: a.js\nenv: {A: }", "A has no value", ""},
		{"script: a.js\nenv: {A: [1]}", "A is not a text", ""},
		{"script: a.js\nenv: [A=1]", "env: use NAME: VALUE", ""},
		{"script: a.js\nenv_test: [A=1]", ":2:", ""},
		{"script: a.js\nuid:", "uid: it has no value", ""},
		{"script: a.js\nstop_exit_codes: 256", "stop_exit_codes: use a number from 0 to 255", ""},
		{"script: a.js\ndepends_on: {b: ready}", "use started or healthy", ""},
		{"name: api", "script is missing", ""},
		{"name: ../x\nscript: a.js", ":1:7: name: use up to 64 letters", ""},
		{"name: -x\nscript: a.js", "name: use up to 64 letters", ""},
		{"apps: [{name: a, script: a.js}, {name: a, script: b.js}]", ":1:40: two applications are named a", ""},
		{"script: a.js\nscript: b.js", ":2:1: ", ""},
		{"script: a.js\nexec: b.js", ":2:1: script and exec are the same", ""},
		{"apps: []", "there is no application in it", ""},
		{"", "there is no application in it", ""},
		{"# nothing", "there is no application in it", ""},
		{"apps: {script: a.js}\nport: 80", ":2:1: there is no port beside apps", ""},
		{"just a text", "an application has fields", ""},
		{"apps: [a.js]", "an application has fields", ""},
		{"script: a.js\n---\nscript: b.js", "there is a second document", ""},
		{"script: a.js\n\tname: x", "nodecluster.yaml:", ""},
		{"script: *a", "there is no &a before this", ""},
		{"a: &a [*a]\nscript: x", "there is no &a before this", ""},
		{"script: !!int a", "leave out the tag !!int", ""},
	} {
		inFolder(t, map[string]string{"nodecluster.yaml": c.text})
		_, _, err := Load("nodecluster.yaml", LoadOptions{})
		if e := (*Error)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s\n%v, want %s", c.text, err, c.want)
		} else if c.excerpt != "" && !strings.HasSuffix(e.Excerpt, c.excerpt) {
			t.Errorf("%s\n%s\nwant\n%s", c.text, e.Excerpt, c.excerpt)
		}
	}
}

func TestNoFile(t *testing.T) {
	inFolder(t, map[string]string{"app.toml": "", "x.js/y": ""})
	for path, want := range map[string]string{
		"nodecluster.yaml":     "nodecluster.yaml: no such file or directory",
		"ecosystem.config.js":  "ecosystem.config.js: no such file or directory",
		"app.toml":             "app.toml: it is no configuration",
		"x.js":                 "x.js: is a directory",
		"x.js/nodecluster.yml": "nodecluster.yml: no such file or directory",
	} {
		if _, _, err := Load(path, LoadOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}

func TestEnvAndOnlyThatAreNotThere(t *testing.T) {
	inFolder(t, map[string]string{"nodecluster.yaml": "{name: a, script: a.js, env_test: {A: 1}, env_dev: {A: 2}}"})
	for want, o := range map[string]LoadOptions{
		"no application has env_production: there is env_dev and env_test": {Env: "production"},
		"there is no application b in it: it has a":                        {Only: []string{"b"}},
	} {
		if _, _, err := Load("nodecluster.yaml", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestCheck: what the options have against a field is said where it stands.
func TestCheck(t *testing.T) {
	inFolder(t, map[string]string{"nodecluster.yaml": "script: a.js\nreadiness: what\nstop_signal: SIGWHAT"})
	for want, err := range map[string]error{
		":2:12: application a: readiness: use /PATH":                           &FieldError{"readiness", errors.New("use /PATH")},
		`:3:14: application a: invalid argument "SIGWHAT" for "--stop-signal"`: errors.New(`invalid argument "SIGWHAT" for "--stop-signal" flag`),
		":1:1: application a: no":                                              errors.New("no"),
	} {
		_, _, got := Load("nodecluster.yaml", LoadOptions{Check: func(App) error { return err }})
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("%v, want %s", got, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"script: a.js", "apps: [{script: a.js, env: {A: 1}}]", example, "a: &a [1]\nb: *a\n<<: {c: 1}", "script: |\n  a\nargs: >-\n  b", "- ? a\n  : b", "{\"a\": [1, .inf, 0x1F]}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		root, err := parseYAML([]byte(text))
		if err != nil {
			return
		}
		for _, isPM2s := range []bool{false, true} {
			d := &document{name: "f", source: text, folder: "/nowhere", beside: "/nowhere", isPM2s: isPM2s}
			if err := d.read(root); err != nil {
				if message := d.describe(err).Error(); strings.Contains(message, "\n") {
					t.Errorf("an error of two lines: %q", message)
				}
				continue
			}
			for _, a := range d.apps {
				if !namePattern.MatchString(a.Name) || a.Script == "" {
					t.Errorf("application %q runs %q", a.Name, a.Script)
				}
				Diff(App{}, a.App)
			}
		}
	})
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"1": "1", "1000": "1000", "1024": "1K", "314572800": "300M", "2048M": "2G", "1G": "1G", "1536K": "1536K"} {
		var s Size
		if err := s.read(&value{kind: number, text: text}); err != nil || s != want {
			t.Errorf("%s became %s, want %s; %v", text, s, want, err)
		}
	}
}

func TestIsFile(t *testing.T) {
	for path, want := range map[string]bool{
		"nodecluster.yaml": true, "a/ecosystem.config.js": true, "x.config.cjs": true, "x.config.mjs": true, "x.config.ts": true, "p.json": true,
		"p.yml": true, ".pm2/dump.pm2": true, "app.js": false, "config.js": false, "api": false, "": false, ".yaml": false,
	} {
		if IsFile(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
}
