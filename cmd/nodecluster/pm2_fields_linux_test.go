package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// pm2Reporter tells what a worker has got of the fields, and what ends it.
const pm2Reporter = `
	const { A, B, PORT, PLACE, SECRET_KEY } = process.env;
	require('http').createServer().listen(0, () => {
		console.log(JSON.stringify({
			argv: process.argv.slice(2), execArgv: process.execArgv, cwd: process.cwd(), a: A, b: B, port: PORT, place: PLACE, secret: SECRET_KEY,
		}));
		console.error('a warning');
		process.send('ready');
	});
	process.on('message', message => {
		console.log(JSON.stringify({ message }));
		process.exit();
	});`

// pm2Fields has each field that PM2's users set daily, or expect, but those of other users, which take root.
const pm2Fields = `module.exports = { apps: [{
	name: 'api', append_env_to_name: true, namespace: 'shop', script: './report.js', args: '--a "b c"', cwd: 'sub', interpreter: 'node',
	node_args: '--trace-warnings', instances: 2, exec_mode: 'cluster', env: { A: 1, B: 1 }, env_production: { B: 2 }, port: 3000,
	filter_env: ['SECRET'], instance_var: 'PLACE', increment_var: 'PORT',
	watch: ['src'], ignore_watch: ['node_modules'], watch_delay: 500, max_memory_restart: '300M', cron_restart: '0 4 * * *',
	autorestart: true, autostart: true, max_restarts: 5, min_uptime: '5s', restart_delay: 50, exp_backoff_restart_delay: 100, stop_exit_codes: [7],
	kill_timeout: 3000, treekill: true, wait_ready: true, listen_timeout: 8000, shutdown_with_message: true,
	out_file: 'out.log', error_file: 'error.log', log_file: 'both.log', merge_logs: true, log_date_format: '[in] YYYY', time: true,
}, {
	name: 'silent', exec: 'report.js', exec_interpreter: 'node', interpreter_args: ['--trace-warnings'], cwd: 'sub', instances: 1, disable_logs: true,
	autorestart: false, log_type: 'json',
}, {
	name: 'done', script: 'done.js', cwd: 'sub', instances: 1, stop_exit_codes: [0, 7],
}] }`

// The fields of PM2's file reach the workers, and what describe shows.
func TestPM2Fields(t *testing.T) {
	m := newManager(t)
	sub := filepath.Join(m.folder, "sub")
	if err := os.MkdirAll(filepath.Join(sub, "src"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeIn(t, sub, "report.js", pm2Reporter)
	writeIn(t, sub, "done.js", "setTimeout(() => process.exit(7), 1)")
	writeIn(t, m.folder, "ecosystem.config.js", pm2Fields)
	m.env = append(m.env, "SECRET_KEY=of this terminal")
	m.do("start", "ecosystem.config.js", "--env", "production", "--only", "api-production,silent")
	m.expectConfig("api-production", map[string]any{
		"name": "api-production", "namespace": "shop", "script": filepath.Join(sub, "report.js"), "args": []any{"--a", "b c"}, "cwd": sub,
		"node_args": []any{"--trace-warnings"}, "instances": "2", "env": map[string]any{"A": "1", "B": "2", "PORT": "3000"},
		"filter_env": []any{"*SECRET*"}, "instance_var": "PLACE", "increment_var": "PORT", "watch": []any{"src"}, "ignore_watch": []any{"node_modules"},
		"watch_delay": "500ms", "max_memory": "300M", "cron": "0 4 * * *", "restart": "always", "autostart": true, "max_restarts": 5.0,
		"min_uptime": "5s", "restart_delay": "100ms", "stop_exit_codes": []any{7.0}, "kill_timeout": "3s", "stop_signal": "SIGINT",
		"wait_ready": true, "listen_timeout": "8s", "stop": "message", "out_file": filepath.Join(sub, "out.log"),
		"error_file": filepath.Join(sub, "error.log"), "log_file": filepath.Join(sub, "both.log"), "log_date_format": "[in] YYYY", "time": true,
	})
	m.expectConfig("silent", map[string]any{
		"name": "silent", "script": filepath.Join(sub, "report.js"), "cwd": sub, "node_args": []any{"--trace-warnings"}, "instances": "1",
		"instance_var": "NODE_APP_INSTANCE", "restart": "never", "log_type": "none", "stop_signal": "SIGINT",
	})
	m.do("stop", "shop")
	expectLines(t, filepath.Join(sub, "error.log"), `in \d{4}: a warning`, 2)
	report := `{"argv":\["--a","b c"\],"execArgv":\["--trace-warnings"\],"cwd":"%s","a":"1","b":"2","port":"300%d","place":"%[2]d"}`
	for _, log := range []string{"out.log", "both.log"} {
		for place := range 2 {
			expectLines(t, filepath.Join(sub, log), `in \d{4}: `+fmt.Sprintf(report, regexp.QuoteMeta(sub), place), 1)
		}
		expectLines(t, filepath.Join(sub, log), `in \d{4}: {"message":"shutdown"}`, 2)
	}
	m.do("start", "ecosystem.config.js", "--only", "done")
	poll(t, "the application has done its work", func() bool { return m.app("done").State == control.Stopped })
}

// expectConfig says which configuration describe shows.
func (m *manager) expectConfig(name string, want map[string]any) {
	m.t.Helper()
	var apps []control.App
	if err := json.Unmarshal([]byte(m.do("describe", name, "--json")), &apps); err != nil || len(apps) != 1 {
		m.t.Fatal(apps, err)
	}
	var got map[string]any
	if err := json.Unmarshal(apps[0].Config, &got); err != nil {
		m.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		m.t.Errorf("%s is %s", name, diff)
	}
}

// expectLines says how many lines of a file are matched by an expression as a whole.
func expectLines(t *testing.T, path, expression string, want int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(regexp.MustCompile("(?m)^"+expression+"$").FindAll(text, -1)); got != want {
		t.Errorf("%d lines of %s are %s, want %d:\n%s", got, path, expression, want, text)
	}
}
