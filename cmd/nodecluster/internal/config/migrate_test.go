package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDump reads what pm2 save of PM2 7.0.4 has written in /srv/site/pm2, where nothing of PM2's is.
func TestDump(t *testing.T) {
	text, err := os.ReadFile("testdata/dump.pm2")
	if err != nil {
		t.Fatal(err)
	}
	inFolder(t, map[string]string{"dump.pm2": string(text)})
	t.Setenv("HOME", "/srv/site")
	apps, notes := mustLoad(t, "dump.pm2", LoadOptions{})
	likePM2 := App{
		Cwd: "/srv/site", Instances: "1", Restart: "always", StopSignal: "SIGINT", InstanceVar: "NODE_APP_INSTANCE", Autostart: ptr(true),
		Env: Env{"PATH": "/usr/bin:/bin"}, // because that of this terminal is another one
	}
	api, job, sh := likePM2, likePM2, likePM2
	api.Name, api.Script, api.Instances = "api", "/srv/site/api.js", "2"
	api.Args, api.NodeArgs, api.Watch = Words{"--x", "1"}, Words{"--trace-warnings"}, Watch{"src"}
	api.Env, api.IncrementVar = Env{"PORT": "3000", "DB": "postgres://u:p@h/d", "PATH": "/usr/bin:/bin"}, "PORT"
	api.MaxMemory, api.KillTimeout, api.RestartDelay = "300M", "3s", "100ms"
	api.OutFile, api.ErrorFile = "/srv/site/logs/out.log", "/srv/site/pm2/logs/api-error.log"
	job.Name, job.Script, job.Restart, job.Cron, job.StopExitCodes = "job", "/srv/site/api.js", "never", "0 4 * * *", Codes{3}
	job.OutFile, job.ErrorFile = "/srv/site/pm2/logs/job-out.log", "/srv/site/pm2/logs/job-error.log"
	sh.Name, sh.Script, sh.Args, sh.Namespace = "sh", "/usr/bin/bash", Words{"-c", "sleep 1000"}, "tools"
	sh.OutFile, sh.ErrorFile = "/srv/site/pm2/logs/sh-out.log", "/srv/site/pm2/logs/sh-error.log"
	if diff := cmp.Diff([]App{api, job, sh}, apps); diff != "" {
		t.Error(diff)
	}
	var about []string
	for _, n := range notes {
		about = append(about, n.App+" "+n.Field)
	}
	want := []string{"api env", "job env", "sh env", "api script", "job script"}
	if diff := cmp.Diff(want, about); diff != "" {
		t.Errorf("%q: %s", notes, diff)
	}
}

// TestDumpInItsPlace: logs that are where PM2 has all of them are not taken over.
func TestDumpInItsPlace(t *testing.T) {
	text, err := os.ReadFile("testdata/dump.pm2")
	if err != nil {
		t.Fatal(err)
	}
	folder := inFolder(t, nil)
	inPlace := strings.ReplaceAll(string(text), "/srv/site/pm2", folder)
	if err := os.WriteFile("dump.pm2", []byte(inPlace), 0o600); err != nil {
		t.Fatal(err)
	}
	apps, _ := mustLoad(t, filepath.Join(folder, "dump.pm2"), LoadOptions{})
	if apps[0].ErrorFile != "" || apps[0].OutFile != "/srv/site/logs/out.log" {
		t.Errorf("%+v has logs where PM2 has them", apps[0])
	}
}

func TestDumpsThatAreNone(t *testing.T) {
	for text, want := range map[string]string{
		"{}": "it is not what pm2 save writes", "[{}]": "a process has no name", "[": "EOF", "[]": "there is no application in it",
	} {
		inFolder(t, map[string]string{"dump.pm2": text})
		if _, _, err := Load("dump.pm2", LoadOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestMigrate: what is written is read as the same.
func TestMigrate(t *testing.T) {
	folder := inFolder(t, map[string]string{"api.js": "", "sub/job.js": "", "ecosystem.config.js": `module.exports = { apps: [
	{ name: 'api', script: 'api.js', instances: 'max', env: { PORT: 3000, EMPTY: '', YES: 'yes', LINES: 'a\nb' }, env_production: { PORT: 80 },
	  watch: true, max_restarts: 0, out_file: 'logs/out.log', uid: 0, args: ['a b', '-c'], pmx: true, exec_mode: 'fork' },
	{ script: 'job.js', cwd: 'sub', instances: -1, autostart: false, stop_exit_codes: [0, 1] }
], deploy: {} }`})
	text, notes, err := Migrate("ecosystem.config.js", ".", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("nodecluster.yaml", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"", "production"} {
		want, _ := mustLoad(t, "ecosystem.config.js", LoadOptions{Env: env})
		got, more := mustLoad(t, "nodecluster.yaml", LoadOptions{Env: env})
		if diff := cmp.Diff(want, got); diff != "" || len(more) > 0 {
			t.Errorf("%q\n%s\n%s", more, diff, text)
		}
	}
	if len(notes) != 3 || strings.Count(text, "is not taken over") != 3 {
		t.Errorf("%q\n%s", notes, text)
	}
	if strings.Contains(text, folder) || !strings.Contains(text, "\n    instances: max\n") || !strings.Contains(text, "\n    watch: true\n") {
		t.Errorf("the text is not as one would write it:\n%s", text)
	}
}

// TestExample: what init writes can be read, with what is commented out and without.
func TestExample(t *testing.T) {
	all := strings.NewReplacer("    #   ", "      ", "    # ", "    ").Replace(Example())
	for _, text := range []string{Example(), all} {
		inFolder(t, map[string]string{"nodecluster.yaml": text, "server.js": ""})
		apps, notes := mustLoad(t, "nodecluster.yaml", LoadOptions{})
		if len(apps) != 1 || len(notes) != 0 {
			t.Errorf("%+v %q", apps, notes)
		}
	}
	apps, _ := mustLoad(t, "nodecluster.yaml", LoadOptions{Env: "production"})
	if apps[0].Cron == "" || apps[0].Env["LOG_LEVEL"] != "warn" {
		t.Errorf("%+v", apps[0])
	}
}
