package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// aliases are PM2's names of fields that App has too.
var aliases = map[string]string{
	"exec": "script", "cmd": "script", "command": "script",
	"interpreter_args":   "node_args",
	"max_memory_restart": "max_memory", "cron_restart": "cron",
	"user": "uid",
	"out":  "out_file", "output": "out_file", "out_log": "out_file",
	"error": "error_file", "err": "error_file", "err_file": "error_file", "err_log": "error_file",
	"log":              "log_file",
	"exec_interpreter": "interpreter",
	"combine_logs":     "merge_logs", "pid": "pid_file",
}

// translations read PM2's fields that App does not have, and those that have to be read in another way.
var translations = map[string]func(*application, pair) error{
	"interpreter":                (*application).takeInterpreter,
	"exec_mode":                  (*application).takeExecMode,
	"autorestart":                (*application).takeAutorestart,
	"shutdown_with_message":      (*application).takeShutdownWithMessage,
	"disable_logs":               (*application).takeDisableLogs,
	"port":                       (*application).takePort,
	"append_env_to_name":         (*application).takeAppendEnv,
	"env":                        (*application).takeEnv,
	"cron":                       (*application).takeCron,
	"out_file":                   (*application).takeLogFile,
	"error_file":                 (*application).takeLogFile,
	"log_file":                   (*application).takeLogFile,
	"ignore_watch":               (*application).takeIgnoreWatch,
	"listen_timeout":             (*application).takeListenTimeout,
	"filter_env":                 (*application).takeFilterEnv,
	"merge_logs":                 (*application).takeMergeLogs,
	"exp_backoff_restart_delay":  (*application).takeBackoff,
	"treekill":                   (*application).takeTreekill,
	"disable_source_map_support": func(*application, pair) error { return nil }, // Node's default
	"disable_trace":              func(*application, pair) error { return nil },
}

const nothingOfOurs = "nothing is put into the workers"

// leftOut are PM2's fields that are read and left, with why.
var leftOut = map[string]string{
	"force":                "start brings what runs to what the file says",
	"vizion":               "nothing is read of a version control",
	"post_update":          "there is no command that updates the sources",
	"pmx":                  nothingOfOurs,
	"automation":           nothingOfOurs,
	"trace":                nothingOfOurs,
	"v8":                   nothingOfOurs,
	"event_loop_inspector": nothingOfOurs,
	"deep_monitoring":      nothingOfOurs,
	"io":                   nothingOfOurs,
	"execute_command":      "a script that is a command line is run as one",
	"install_url":          "there are no modules",
	"name_prefix":          "write the name as it is to be",
	"username":             "who starts the application is known",
	"windowsHide":          "there are no windows",
	"write":                "migrate writes a file",
	"pid_file":             "the pids are in the list of workers",
	"kill_retry_time":      "the end of a worker is not polled for",
	"source_map_support":   "add --enable-source-maps to node_args",
	"watch_options":        "use ignore_watch and watch_delay",
}

// topLevel are the keys that PM2 has beside apps, with why they are left.
var topLevel = map[string]string{
	"deploy": "there is no deployment over ssh",
	"static": "there is no server of files",
}

// camelCase are PM2's names without underscores, which it takes too.
var camelCase = func() map[string]string {
	all := map[string]string{"interpreterArgs": "node_args"}
	for _, name := range allNames() {
		words := strings.Split(name, "_")
		for i := 1; i < len(words); i++ {
			if len(words[i]) > 1 {
				words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
			}
		}
		all[strings.Join(words, "")] = name
	}
	return all
}()

// allNames are those that a field may have.
func allNames() (names []string) {
	for _, f := range fields {
		names = append(names, f.name)
	}
	for name := range aliases {
		names = append(names, name)
	}
	for name := range leftOut {
		names = append(names, name)
	}
	names = append(names, translated...)
	slices.Sort(names)
	return slices.Compact(names)
}

// translated are the names of translations, which refer to what needs them.
var translated = []string{
	"interpreter", "exec_mode", "autorestart", "shutdown_with_message", "disable_logs", "port", "append_env_to_name", "merge_logs",
	"exp_backoff_restart_delay", "treekill", "disable_source_map_support", "disable_trace",
}

// PM2Name is one of PM2's names of fields.
type PM2Name struct {
	Name string
	// Meaning says in a sentence what becomes of it.
	Meaning string
}

// PM2Names are the names that only PM2 has, in their order.
func PM2Names() (names []PM2Name) {
	for _, name := range allNames() {
		if fieldNamed(name) != nil {
			continue
		}
		n := PM2Name{name, "PM2's."}
		if why, ok := leftOut[canonical(name)]; ok {
			n.Meaning = "PM2's. It is not taken over: " + why + "."
		} else if to := aliases[name]; to != "" {
			n.Meaning = "PM2's name of " + to + "."
		}
		names = append(names, n)
	}
	return names
}

// canonical is the name of a field of App or of one of PM2's, "" if there is none.
func canonical(key string) string {
	for range 2 {
		if to, ok := aliases[key]; ok {
			key = to
		}
		if _, ok := leftOut[key]; ok || fieldNamed(key) != nil || slices.Contains(translated, key) {
			return key
		}
		key = camelCase[key]
	}
	return ""
}

// asPM2 is a value of a field as PM2 means it: it splits texts in a way of its own, and takes numbers in quotes.
func asPM2(name string, v *value) *value {
	if !v.isText() {
		return v
	}
	pm2s := *v
	switch {
	case name == "args" || name == "node_args":
		pm2s.kind, pm2s.list = list, v.wordsAsPM2()
	case numeric.MatchString(v.text):
		pm2s.kind = number
	}
	return &pm2s
}

var numeric = regexp.MustCompile(`^[0-9]+$`)

// pm2Word is a word of a text: NAME="…" with its quotes, a text in quotes, or what has no blanks.
var pm2Word = regexp.MustCompile(`[^\s"'=]+=(?:"[^"]*"|'[^']*')|"[^"]*"|'[^']*'|\S+`)

// wordsAsPM2 are the words of a text.
func (v *value) wordsAsPM2() []*value {
	words := []*value{}
	for _, word := range splitAsPM2(v.text) {
		words = append(words, &value{kind: text, text: word, line: v.line, column: v.column})
	}
	return words
}

// splitAsPM2 splits a text as PM2 does, which is not how a shell does: quotes after NAME= stay.
func splitAsPM2(text string) (words []string) {
	for _, word := range pm2Word.FindAllString(text, -1) {
		last := len(word) - 1
		if last > 0 && word[0] == word[last] && (word[0] == '"' || word[0] == '\'') {
			word = word[1:last]
		}
		if strings.TrimSpace(word) != "" {
			words = append(words, word)
		}
	}
	return words
}

// isTrue reads a boolean.
func isTrue(p pair) (bool, error) {
	if p.value.kind != boolean {
		return false, errors.New(p.key.text + ": use true or false")
	}
	return p.value.text == "true", nil
}

func (a *application) takeInterpreter(p pair) error {
	if !p.value.isText() || p.value.text == "" {
		return errors.New(p.key.text + ": use the name or path of a program, or none")
	}
	if a.keys["node"].key != nil {
		return errors.New("node and " + p.key.text + " are the same: leave one out")
	}
	if program, version, ok := strings.Cut(p.value.text, "@"); ok && program == "node" {
		a.note("interpreter", "is not taken over: say with node where Node %s is", version)
		return nil
	}
	a.Node = p.value.text
	return nil
}

func (a *application) takeExecMode(p pair) error {
	switch p.value.text {
	case "cluster", "cluster_mode":
	case "fork", "fork_mode":
		a.note("exec_mode", "is not taken over: all workers are cluster workers, so that cluster.isPrimary is false in them")
	default:
		return errors.New(p.key.text + ": use fork or cluster")
	}
	return nil
}

func (a *application) takeAutorestart(p pair) error {
	yes, err := isTrue(p)
	if err != nil {
		return err
	}
	if a.keys["restart"].key != nil {
		return errors.New("restart and " + p.key.text + " are the same: leave one out")
	}
	a.Restart = "never"
	if yes {
		a.Restart = "always"
	}
	return nil
}

func (a *application) takeShutdownWithMessage(p pair) error {
	yes, err := isTrue(p)
	if yes {
		a.Stop = "message"
	}
	return err
}

// takeDisableLogs has nothing be kept, whatever log_type says.
func (a *application) takeDisableLogs(p pair) error {
	yes, err := isTrue(p)
	if yes {
		delete(a.keys, "log_type")
		a.LogType = "none"
	}
	return err
}

func (a *application) takePort(p pair) error {
	if !numeric.MatchString(p.value.text) {
		return errors.New(p.key.text + ": use a number")
	}
	a.port = p.value.text
	return nil
}

func (a *application) takeAppendEnv(p pair) (err error) {
	a.appendsEnv, err = isTrue(p)
	return err
}

func (a *application) takeEnv(p pair) (err error) {
	a.Env, err = a.readEnv(p)
	return err
}

// readEnv reads variables. PM2 makes a text of whatever they are.
func (a *application) readEnv(field pair) (variables Env, err error) {
	v := field.value
	if a.d.isPM2s && v.kind == mapping {
		texts := *v
		texts.pairs = nil
		for _, p := range v.pairs {
			if p.value.kind != text {
				p.value = &value{kind: text, text: p.value.json(), line: p.value.line, column: p.value.column}
			}
			texts.pairs = append(texts.pairs, p)
		}
		v = &texts
	}
	if err := variables.read(v); err != nil {
		return nil, v.place(fmt.Errorf("%s: %w", field.key.text, err))
	}
	return variables, nil
}

// takeCron takes when to reload. "0" of PM2 is never.
func (a *application) takeCron(p pair) error {
	if p.value.text == "0" {
		return nil
	}
	return fieldNamed("cron").set(&a.App, p.value)
}

// takeLogFile takes the path of a log file. PM2 has a word for none, and the home folder.
func (a *application) takeLogFile(p pair) error {
	v := *p.value
	if v.kind == boolean && canonical(p.key.text) == "log_file" {
		return nil // one file of both is what there is in any case
	}
	if a.d.isPM2s {
		if v.text == "NULL" {
			v.text = "/dev/null"
		}
		if below, ok := strings.CutPrefix(v.text, "~/"); ok {
			home, err := os.UserHomeDir()
			if err != nil {
				return err
			}
			v.text = filepath.Join(home, below)
		}
	}
	return fieldNamed(canonical(p.key.text)).set(&a.App, &v)
}

// takeIgnoreWatch takes what is not watched. A regular expression of JavaScript is left.
func (a *application) takeIgnoreWatch(p pair) error {
	v := *p.value
	if v.kind != list {
		v = value{kind: list, list: []*value{p.value}, line: v.line, column: v.column}
		if a.d.isPM2s && p.value.isText() {
			v.list = p.value.wordsAsPM2()
		}
	}
	v.list = slices.DeleteFunc(slices.Clone(v.list), func(item *value) bool {
		expression := item.get(regExpKey)
		if expression != nil {
			a.note("ignore_watch", "is not taken over where it is a regular expression, such as %s: use * and **", expression.text)
		}
		return expression != nil
	})
	return fieldNamed("ignore_watch").set(&a.App, &v)
}

func (a *application) takeListenTimeout(p pair) error {
	if a.d.isPM2s {
		a.note("listen_timeout", "is stricter here: a worker that is not ready by then has failed, and is not taken for ready")
	}
	return fieldNamed("listen_timeout").set(&a.App, p.value)
}

// takeFilterEnv takes which variables are left out. In PM2 a text is a name, and a list has parts of names.
func (a *application) takeFilterEnv(p pair) error {
	if err := fieldNamed("filter_env").set(&a.App, p.value); err != nil {
		return err
	}
	if a.d.isPM2s && p.value.kind == list {
		for i, part := range a.FilterEnv {
			a.FilterEnv[i] = "*" + part + "*"
		}
	}
	return nil
}

func (a *application) takeMergeLogs(p pair) error {
	yes, err := isTrue(p)
	if err == nil && !yes {
		a.note("merge_logs", "is not taken over: the output of all instances is in one file, and each line can tell whose it is")
	}
	return err
}

// takeBackoff takes the first of the pauses between failures, which grow here in any case. PM2 takes it rather than restart_delay.
func (a *application) takeBackoff(p pair) error {
	if p.value.text == "0" {
		return nil
	}
	delete(a.keys, "restart_delay")
	return fieldNamed("restart_delay").set(&a.App, p.value)
}

func (a *application) takeTreekill(p pair) error {
	yes, err := isTrue(p)
	if err == nil && !yes {
		a.note("treekill", "is not taken over: the workers alone are signalled, and what one leaves in its process group is killed at the end of kill_timeout")
	}
	return err
}
