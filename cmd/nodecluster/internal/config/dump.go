package config

import (
	"cmp"
	"errors"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// dumped are the fields that dump.pm2 has under PM2's names for them, and those under other names.
var dumped = []string{
	"args", "node_args", "max_memory_restart", "cron_restart", "kill_timeout", "listen_timeout", "wait_ready", "min_uptime",
	"max_restarts", "restart_delay", "exp_backoff_restart_delay", "stop_exit_codes", "autorestart", "autostart", "watch", "ignore_watch",
	"watch_delay", "increment_var", "instance_var", "uid", "gid", "shutdown_with_message", "log_date_format", "log_type", "disable_logs",
	"filter_env",
}

var dumpedAs = []struct{ field, as string }{
	{"name", "name"}, {"script", "pm_exec_path"}, {"cwd", "pm_cwd"}, {"interpreter", "exec_interpreter"},
}

var dumpedLogs = []struct{ field, as string }{
	{"out_file", "pm_out_log_path"}, {"error_file", "pm_err_log_path"}, {"log_file", "pm_log_path"},
}

// ofPM2 are variables that PM2 adds to those of an application. There is one more: the application's name.
var ofPM2 = regexp.MustCompile(`^(PM2_\w+|pm_\w+|axm_\w+|_pm2_version|SILENT|NODE_APP_INSTANCE|unique_id|name|namespace|status|env|args|` +
	`node_args|exec_mode|exec_interpreter|instances|restart_time|unstable_restarts|created_at|instance_var|merge_logs|vizion|` +
	`vizion_running|autostart|autorestart|treekill|pmx|automation|username|windowsHide|km_link|kill_retry_time|watch|io)$`)

// ofSession are variables of the terminal that an application was started from.
var ofSession = regexp.MustCompile(`^(_|PWD|OLDPWD|SHLVL|SHELL|TERM\w*|COLORTERM|COLUMNS|LINES|LS_COLORS|DISPLAY|WAYLAND_DISPLAY|SSH_\w+|` +
	`XDG_\w+|DBUS_\w+|SUDO_\w+|TMUX\w*|STY|WINDOW|LOGNAME|USER|MAIL|INVOCATION_ID|JOURNAL_STREAM|npm_\w+|NVM_\w+)$`)

// findInDump gives the applications of what pm2 save has written, which has each of their processes.
func (d *document) findInDump(root *value) ([]*value, error) {
	if root.kind != list {
		return nil, errors.New("it is not what pm2 save writes: a list of processes")
	}
	var names []string
	processes := map[string][]*value{}
	for _, process := range root.list {
		name := process.get("name")
		if name == nil || process.get("pm_exec_path") == nil {
			return nil, errors.New("it is not what pm2 save writes: a process has no name or no pm_exec_path")
		}
		if processes[name.text] == nil {
			names = append(names, name.text)
		}
		processes[name.text] = append(processes[name.text], process)
	}
	var apps []*value
	for _, name := range names {
		apps = append(apps, d.undump(name, processes[name]))
	}
	return apps, nil
}

// undump makes an application of its processes, as a file of PM2's has it.
func (d *document) undump(name string, processes []*value) *value {
	first, app := firstOf(processes), &value{kind: mapping}
	add := func(field string, v *value) {
		if v != nil && v.kind != null {
			app.pairs = append(app.pairs, pair{&value{kind: text, text: field}, v})
		}
	}
	for _, renamed := range dumpedAs {
		add(renamed.field, first.get(renamed.as))
	}
	for _, field := range dumped {
		add(field, first.get(field))
	}
	for _, log := range dumpedLogs {
		add(log.field, d.undumpLog(first, log.as))
	}
	if v := first.get("namespace"); v != nil && v.text != "default" {
		add("namespace", v)
	}
	if v := first.get("treekill"); v != nil && v.text == "false" {
		add("treekill", v)
	}
	add("instances", &value{kind: number, text: strconv.Itoa(len(processes))})
	add("env", d.undumpEnv(name, first.get("env")))
	return app
}

// firstOf is the process with the lowest number of a place, from which increment_var counts.
func firstOf(processes []*value) *value {
	place := func(process *value) int {
		if v := process.get("NODE_APP_INSTANCE"); v != nil {
			if n, err := strconv.Atoi(v.text); err == nil {
				return n
			}
		}
		return math.MaxInt
	}
	return slices.MinFunc(processes, func(a, b *value) int { return cmp.Compare(place(a), place(b)) })
}

// numbered is the end of a log file's name that PM2 has given the number of a process.
var numbered = regexp.MustCompile(`-[0-9]+\.log$`)

// undumpLog is where a log goes, nil if that is where PM2 has all of them.
func (d *document) undumpLog(process *value, as string) *value {
	v := process.get(as)
	if v == nil || filepath.Dir(v.text) == filepath.Join(d.home, "logs") {
		return nil
	}
	path := *v
	if merged := process.get("merge_logs"); merged == nil || merged.text != "true" {
		path.text = numbered.ReplaceAllString(path.text, ".log")
	}
	return &path
}

// undumpEnv gives the variables that are the application's: not those that PM2 adds, nor those of the terminal that it was started from.
func (d *document) undumpEnv(name string, env *value) *value {
	if env == nil {
		return nil
	}
	own := &value{kind: mapping}
	var left []string
	for _, p := range env.pairs {
		variable := p.key.text
		switch here, ok := os.LookupEnv(variable); {
		case ofPM2.MatchString(variable), variable == name, p.value.kind == null:
		case ok && here == p.value.json(), ofSession.MatchString(variable):
			left = append(left, variable)
		default:
			own.pairs = append(own.pairs, p)
		}
	}
	if left != nil {
		slices.Sort(left)
		d.note(name, "env", env, "env is taken over without what this terminal has too, or any: %s", strings.Join(left, " "))
	}
	return own
}
