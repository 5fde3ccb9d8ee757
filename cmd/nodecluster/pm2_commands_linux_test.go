package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/kballard/go-shellquote"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// pm2Row is a command line as a user of PM2 writes it, and what comes of it: the exit status, and what is printed, to standard error if the
// status is not 0.
type pm2Row struct {
	line   string
	status int
	prints string // a regular expression
}

// pm2App is the program of the table. It goes on when it gets SIGUSR2, and says so.
const pm2App = `
	require('http').createServer((request, response) => response.end('served')).listen(0);
	process.on('SIGUSR2', () => console.log('got SIGUSR2'));
	console.log('started', process.env.MODE, process.argv.slice(2).join(' '));
	console.error('a warning');`

// pm2Ecosystem has two applications of one namespace. What is ours in it has reloads be short.
const pm2Ecosystem = `module.exports = { apps: [
	{ name: 'web', script: 'app.js', instances: 2, exec_mode: 'cluster', namespace: 'shop', bake: 1, env: { MODE: 'test' }, env_production: { MODE: 'production' } },
	{ name: 'jobs', script: 'app.js', namespace: 'shop', bake: 1 },
] }`

// startRows start in all ways. What they start, the other rows are about.
var startRows = []pm2Row{
	{`start app.js -n api -i 2 --bake 1 -f -s -- --port 80`, 0, `^$`},
	{`start app.js -n api -i 2 --bake 1 -- --port 80`, 0, `^api: runs already\n$`},
	{`start api`, 0, `^api: runs already\n$`},
	{`start "node app.js" --name line -i 1`, 0, `^line: online, 1 worker\n$`},
	{`start`, 0, `^web: online, 2 workers\njobs: online, 1 worker\n$`}, // the file of this folder
	{`start ecosystem.config.js --only web`, 0, `^web: runs already\n$`},
	{`start api jobs`, 0, `^api: runs already\njobs: runs already\n$`},
	{`start shop`, 0, `^jobs: runs already\nweb: runs already\n$`},
	{`start all -s`, 0, `^$`},
	{`start gone.js`, 4, `there is no script, no file and no application gone.js`},
	{`start ecosystem.config.js --only gone`, 1, `gone`},
	{`start ecosystem.config.js -- --port 80`, 2, `says what its applications get`},
	{`start app.js gone --name two`, 2, `--name two is for one application`},
	{`startOrReload ecosystem.config.js --only web --env production`, 0, `^web: env.MODE: changed\nweb: reloaded 2 workers in`},
	{`startOrGracefulReload ecosystem.config.js --only jobs`, 0, `^jobs: reloaded 1 worker in`},
	{`startOrRestart ecosystem.config.js --only jobs`, 0, `^jobs: online, 1 worker\n$`},
}

// flagRows have PM2's daily flags, all in one line or refused.
var flagRows = []pm2Row{
	{`start app.js -n flags -i 1 --namespace ns --cwd src --interpreter ./node --node-args --trace-warnings --max-memory-restart 300M -c "0 4 * * *"
		--no-autorestart --time --log-date-format YYYY -o out.log -e err.log -l all.log --merge-logs --wait-ready --listen-timeout 8000 -k 3000
		--exp-backoff-restart-delay 100 --max-restarts 5 --min-uptime 1000 --stop-exit-codes 0 --watch --ignore-watch logs --filter-env SECRET
		--env MODE=test --env-file vars.env --shutdown-with-message --no-treekill --parallel 2 -f -a`, 0, `^flags: online, 1 worker\n$`},
	{`start app.js --attach`, 2, `--attach: run nodecluster logs after it`},
	{`start app.js --no-daemon`, 2, `--no-daemon: use nodecluster run`},
	{`start app.js --source-map-support`, 2, `--source-map-support: use --node-args`},
	{`start app.js --watch-delay 4`, 2, `use a duration such as 500ms`},
	{`start app.js --max-memory-restart lots`, 2, `use a size in bytes`},
	{`start app.js --env production`, 2, `--env production: use NAME=VALUE; a NAME alone is for a FILE`},
	{`delete flags`, 0, `^flags: deleted\n$`},
}

// flagsConfig is what the first of them comes to, but for paths.
var flagsConfig = map[string]any{
	"name": "flags", "namespace": "ns", "instances": "1", "node_args": []any{"--trace-warnings"}, "max_memory": "300M", "cron": "0 4 * * *",
	"restart": "never", "time": true, "log_date_format": "YYYY", "wait_ready": true, "listen_timeout": "8s", "kill_timeout": "3s",
	"restart_delay": "100ms", "max_restarts": 5.0, "min_uptime": "1s", "stop_exit_codes": []any{0.0}, "watch": []any{"."},
	"ignore_watch": []any{"logs"}, "filter_env": []any{"SECRET"}, "env": map[string]any{"MODE": "test"}, "stop": "message", "parallel": 2.0,
}

// lookRows look at what runs.
var lookRows = []pm2Row{
	{`list`, 0, `(?s)^app .*state.*\napi .*online .*2/2.*\njobs .*\nline .*\nweb `},
	{`ls`, 0, `^app `}, {`l`, 0, `^app `}, {`ps`, 0, `^app `}, {`status`, 0, `^app `},
	{`ls --sort name:desc`, 0, `(?s)\nweb .*\nline .*\njobs .*\napi `},
	{`ls --sort memory:desc`, 0, `^app `},
	{`ls --sort size`, 2, `there is nothing to sort by that is called size: use one of conns`},
	{`ls -m`, 0, `^app +state +up\napi +online +2/2\n`},
	{`describe api`, 0, `(?s)state +online.*args +--port 80`}, {`desc api`, 0, `^api`}, {`info api`, 0, `^api`}, {`show api`, 0, `^api`},
	{`describe gone`, 4, `there is no application gone`},
	{`id api`, 0, `^0\n1\n$`},
	{`id gone`, 4, `there is no application gone`},
	{`pid api`, 0, `^\d+\n\d+\n$`},
	{`pid`, 0, `^(\d+\n){6}$`},
	{`pid gone`, 4, `there is no application gone`},
	{`env web`, 0, `(?m)^MODE=\*{6}$`},
	{`env web --show`, 0, `(?m)^MODE=production$`},
	{`ping`, 0, `^api: pong\njobs: pong\nline: pong\nweb: pong\n$`},
	{`logs api --nostream --lines 1 --out --raw`, 0, `^started undefined --port 80\n$`},
	{`logs api --nostream --lines 1 --err --raw`, 0, `^a warning\n$`},
	{`logs shop --nostream -n 100`, 0, `(?s)web/0 \| started test.*web/0 \| started production`},
	{`logs api --nostream --lines 1 --out --json`, 0, `^{"app":"api","time":".*","instance":\d,.*"text":"started undefined --port 80"}\n$`},
	{`logs api --nostream --lines 1 --out --format`, 0, `^app=api id=\d type=out message=started undefined --port 80\n$`},
	{`logs api --nostream --lines 1 --err --timestamp`, 0, `^\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d api/\d ! a warning\n$`},
	{`logs api --nostream --lines 1 --err --raw --timestamp=[at]\ HH[h]`, 0, `^at \d\dh a warning\n$`},
	{`logs api --nostream --lines 1 --err --raw --highlight warning`, 0, `^a warning\n$`}, // of no terminal
	{`logs gone`, 4, `there is no application gone`},
	{`monit`, 1, `top needs a terminal`}, {`dashboard`, 1, `top needs a terminal`},
}

// runRows run in the foreground, as pm2-runtime does.
var runRows = []pm2Row{
	{`run once.config.js --env production`, 0, `^once production\n$`},
	{`run ecosystem.config.js`, 2, `ecosystem.config.js has 2 applications: say with --only which one to run`},
	{`run once.config.js --port`, 2, `unknown flag: --port`},
	{`run once.config.js word`, 2, `once.config.js says what its application gets`},
}

// changeRows change what runs, and forget it in the end.
var changeRows = []pm2Row{
	{`scale api 1`, 0, `^api: has 1 worker\n$`},
	{`scale api +2`, 0, `^api: has 3 workers\n$`},
	{`scale api -1`, 0, `^api: has 2 workers\n$`},
	{`scale api -1 --json`, 0, `^{"app":"api","done":"has 1 worker",`},
	{`scale api max`, 0, `^api: has \d+ workers?\n$`},
	{`scale api 2`, 0, `^api: has 2 workers\n$`},
	{`scale api`, 2, `say which application and how many workers`},
	{`scale api 2 3`, 2, `say one application`},
	{`scale gone 2`, 4, `there is no application gone`},
	{`sendSignal SIGUSR2 api`, 0, `^api: sent SIGUSR2\n$`},
	{`signal USR2 api/0`, 0, `^api: sent USR2\n$`},
	{`sendSignal SIGNONE api`, 1, `use a signal's name`},
	{`reload api`, 0, `^api: reloaded 2 workers in`},
	{`reload api jobs --parallel 2`, 0, `^api: reloaded 2 workers in .*\njobs: reloaded 1 worker in`},
	{`reload ecosystem.config.js --env production -s`, 0, `^$`},
	{`reload api --update-env`, 2, `--update-env: a reload keeps the environment: use restart --update-env`},
	{`restart api`, 0, `^api: restarted in`},
	{`restart shop`, 0, `^jobs: restarted in .*\nweb: restarted in`},
	{`restart jobs -a`, 0, `^jobs: online, 1 worker\n$`},
	{`restart ecosystem.config.js --only jobs`, 0, `^jobs: online, 1 worker\n$`},
	{`restart 0`, 4, `there is no application 0: use its name, and NAME/0 for an instance`},
	{`reset all`, 0, `(?m)^api: the counters are zero$`},
	{`flush api`, 0, `^api: the log is empty\n$`},
	{`flush`, 0, `(?m)^jobs: the log is empty$`},
	{`reloadLogs`, 0, `(?m)^api: the log is opened anew$`},
	{`stop api web`, 0, `^api: stopped\nweb: stopped\n$`},
	{`stop ecosystem.config.js`, 0, `^web: is stopped\njobs: stopped\n$`},
	{`flush api`, 0, `^api: the log is empty\n$`}, // which does not run
	{`logs api --nostream`, 0, `^$`},
	{`reload api`, 1, `api: it does not run`},
	{`restart api`, 0, `^api: online, 2 workers\n$`},
	{`trigger api db:clean`, 1, `db:clean`},
	{`save`, 0, `^nothing to do: what is started is kept at once\n$`}, {`dump`, 0, `^nothing to do`}, {`cleardump`, 0, `^nothing to do: there is no dump`},
	{`resurrect`, 0, `^$`},
	{`kill`, 0, `(?m)^api: (is )?stopped$`},
	{`del ecosystem.config.js --only jobs`, 0, `^jobs: deleted\n$`},
	{`delete shop`, 0, `^web: deleted\n$`},
	{`delete all`, 0, `^api: deleted\nline: deleted\n$`},
	{`delete ecosystem.config.js`, 4, `there is no application web`},
	{`delete all`, 0, `^$`},
	{`init`, 0, `^wrote nodecluster.yaml`}, {`ecosystem`, 1, `nodecluster.yaml is there already`},
	{`startup upstart`, 2, `invalid argument "upstart"`},
	{`unstartup`, 0, `^nothing to do: startup was not used`},
}

// laterRows are of commands that are not there.
var laterRows = []pm2Row{
	{`update`, 2, `unknown command "update"`}, {`inspect api`, 2, `unknown command "inspect"`},
	{`deploy production`, 2, `unknown command "deploy"`}, {`install pm2-logrotate`, 2, `unknown command "install"`}, {`serve .`, 2, `unknown command "serve"`},
	{`stop`, 2, `say which application`}, {`ls --loud`, 2, `unknown flag: --loud`},
}

// The commands that PM2's users write do here what they expect, in the order of a day. They are more than a hundred processes, and some reloads.
func TestPM2Commands(t *testing.T) {
	m := newManager(t)
	writeIn(t, m.folder, "app.js", pm2App)
	writeIn(t, m.folder, "ecosystem.config.js", pm2Ecosystem)
	writeIn(t, m.folder, "once.js", "console.log('once', process.env.MODE); process.exit()")
	writeIn(t, m.folder, "once.config.js", "exports.apps = { script: 'once.js', autorestart: false, env: { MODE: 'test' }, env_production: { MODE: 'production' } }")
	m.expectRows(startRows)
	m.expectRows(lookRows)
	m.expectFlags()
	m.expectRows(runRows)
	m.expectLists()
	m.expectRows(changeRows)
	m.expectRows(laterRows)
}

// expectFlags runs the rows of flags, of which the paths are meant from the folder in which the command is given.
func (m *manager) expectFlags() {
	m.t.Helper()
	if err := os.Mkdir(filepath.Join(m.folder, "src"), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Symlink(nodetest.Default(m.t).Path, filepath.Join(m.folder, "node")); err != nil {
		m.t.Fatal(err)
	}
	writeIn(m.t, m.folder, "vars.env", "FROM=file")
	m.expectRow(flagRows[0])
	want := maps.Clone(flagsConfig)
	for field, path := range map[string]string{
		"script": "app.js", "cwd": "src", "node": "node", "out_file": "out.log", "error_file": "err.log", "log_file": "all.log",
	} {
		want[field] = filepath.Join(m.folder, path)
	}
	want["env_file"] = []any{filepath.Join(m.folder, "vars.env")}
	m.expectConfig("flags", want)
	m.expectRows(flagRows[1:])
	expectLines(m.t, filepath.Join(m.folder, "out.log"), `\d{4}: started test `, 1)
}

func (m *manager) expectRows(rows []pm2Row) {
	m.t.Helper()
	for _, row := range rows {
		m.expectRow(row)
	}
}

// expectLists says what scripts read of PM2's lists, of a worker and of all.
func (m *manager) expectLists() {
	m.t.Helper()
	var list, pretty []struct {
		Pid   int
		Name  string
		ID    *int `json:"pm_id"`
		Monit struct {
			Memory int64
			CPU    *float64
		}
		Env map[string]any `json:"pm2_env"`
	}
	for command, to := range map[string]any{"jlist": &list, "prettylist": &pretty} {
		if err := json.Unmarshal([]byte(m.do(command)), to); err != nil {
			m.t.Errorf("%s: %v", command, err)
		}
	}
	if len(list) != 6 || len(pretty) != len(list) {
		m.t.Fatalf("the lists are %+v and %+v", list, pretty)
	}
	for i, p := range list {
		if p.Pid == 0 || p.ID == nil || *p.ID != i || p.Monit.Memory == 0 || p.Monit.CPU == nil || pretty[i].Pid != p.Pid {
			m.t.Errorf("%d: %+v", i, p)
		}
	}
	web := list[len(list)-1].Env
	for field, want := range map[string]any{
		"name": "web", "namespace": "shop", "status": "online", "exec_mode": "cluster_mode", "instances": 2.0, "NODE_APP_INSTANCE": 1.0,
		"restart_time": 0.0, "unstable_restarts": 0.0, "pm_exec_path": filepath.Join(m.folder, "app.js"), "pm_cwd": m.folder, "watch": false,
		"pm_out_log_path": filepath.Join(m.home, "apps", "web", "logs", "web.log"), "env": map[string]any{"MODE": "production"},
		"axm_actions": []any{}, "axm_monitor": map[string]any{}, "axm_options": map[string]any{}, "axm_dynamic": map[string]any{},
	} {
		if !reflect.DeepEqual(web[field], want) {
			m.t.Errorf("%s of a worker is %#v, want %#v", field, web[field], want)
		}
	}
	started, _ := web["pm_uptime"].(float64)
	created, _ := web["created_at"].(float64)
	if now := float64(time.Now().UnixMilli()); created < now-1e6 || started < created || started > now || web["username"] == "" {
		m.t.Errorf("a worker was started at %f, its application at %f, by %v", started, created, web["username"])
	}
}

// expectRow runs a command line.
func (m *manager) expectRow(row pm2Row) {
	m.t.Helper()
	args, err := shellquote.Split(row.line)
	if err != nil {
		m.t.Fatal(err)
	}
	r := m.run(args...)
	printed := r.stdout
	if row.status != 0 {
		printed = r.stderr
	}
	if matches, err := regexp.MatchString(row.prints, printed); err != nil || !matches || r.status != row.status {
		m.t.Errorf("%s ends with %d and prints %q, want %d and %s\n%s%s", row.line, r.status, printed, row.status, row.prints, r.stdout, r.stderr)
	}
}
