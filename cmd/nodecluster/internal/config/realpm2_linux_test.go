package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// forPM2 has what PM2 turns into something else before it is in its list.
const forPM2 = `module.exports = { apps: [
	{ name: 'first', script: 'app.js', instances: 2, env: { N: 1, B: true, O: { a: [1] }, S: 'two words', NUL: null, PORT: 1 }, port: 4000,
	  args: '--a "b c" d=\'e f\' --x="y z" plain', node_args: '--trace-warnings --no-deprecation', increment_var: 'PORT' },
	{ name: 'second', script: 'app.js', cwd: 'sub', max_memory_restart: '300M', killTimeout: 3000, minUptime: '10s', restartDelay: '50',
	  output: 'logs/out.log', err_log: 'NULL', listen_timeout: '1000', max_restarts: '5' },
	{ name: 'third', script: 'node app.js --flag', stop_exit_codes: '3', cron_restart: '0 4 * * *', autorestart: false, namespace: 'tools' },
	{ name: 'tool', script: './tool.sh', watch: ['src'], ignore_watch: 'a b' },
	{ name: 'text', script: './text', filter_env: 'SECRET' },
	{ name: 'path', script: 'sleep', args: ['1000'], interpreter: 'none', instance_var: 'PLACE', shutdown_with_message: true },
	{ script: 'sub/default.js', max_memory_restart: 100000000, treekill: false },
	{ name: 'negative', script: 'app.js', instances: -4000 },
] }`

// TestAsPM2ReadsIt: what the real PM2 makes of a file, as pm2 save writes it, is what we make of it.
func TestAsPM2ReadsIt(t *testing.T) {
	if !nodetest.All() {
		t.Skip("needs PM2: scripts/test --all fetches it")
	}
	nodetest.NoLeaks(t)
	script, err := filepath.Abs("../../../../scripts/pm2")
	if err != nil {
		t.Fatal(err)
	}
	program, err := pm2.Fetch(nodetest.Context(t), script)
	if err != nil {
		t.Fatal(err)
	}
	const app = "setInterval(() => {}, 1000)\n"
	folder := inFolder(t, map[string]string{
		"app.js": app, "sub/app.js": app, "sub/default.js": app, "text": app, "tool.sh": "exec sleep 1000", "src/x": "", "ecosystem.config.js": forPM2,
	})
	if err := os.Chmod("tool.sh", 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SECRET", "of the terminal")
	daemon, err := pm2.Start(nodetest.Default(t).Path, program, folder, nil, filepath.Join(folder, "ecosystem.config.js"))
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.End()
	if err := daemon.Command(measure.Patience, "save"); err != nil {
		t.Fatal(err)
	}
	want, _ := mustLoad(t, filepath.Join(folder, "pm2", "dump.pm2"), LoadOptions{})
	got, _ := mustLoad(t, "ecosystem.config.js", LoadOptions{})
	byName := map[string]App{}
	for _, a := range want {
		if filepath.Base(a.Node) == "node" {
			a.Node = "node" // that of PM2, which is a path in the dump
		}
		byName[a.Name] = a
	}
	for _, a := range got {
		// The dump has how many instances there are, and that they are started.
		if a.Autostart = ptr(true); a.Instances == "-4000" {
			a.Instances = "1"
		}
		if diff := cmp.Diff(byName[a.Name], a); diff != "" {
			t.Errorf("%s: -PM2 +ours %s", a.Name, diff)
		}
	}
	if len(want) != len(got) {
		t.Errorf("PM2 has %d applications, we have %d", len(want), len(got))
	}
}
