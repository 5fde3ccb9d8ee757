package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A shell completes commands, the names of applications with their instances, and the words that flags take.
func TestCompletion(t *testing.T) {
	m := newManager(t)
	script := nodetest.Script(t, "server.js", "require('http').createServer().listen(0)")
	m.do("start", script, "-n", "api", "-i", "2", "--namespace", "shop")
	m.do("start", script, "-n", "admin", "-i", "1")
	for _, c := range []struct{ line, want string }{
		{"relo", "reload reloadLogs"},
		{"completion ", "bash zsh fish powershell"},
		{"reload ", "all admin default api shop"},
		{"stop a", "all admin api"},
		{"stop api a", "all admin"},
		{"reload api/", "api/0 api/1"},
		{"reload api/1", "api/1"},
		{"reload nothing/", ""},
		{"scale api ", "max +1 -1"},
		{"pid api ", "all admin default shop"},
		{"signal U", "HUP INT QUIT TERM KILL USR1 USR2 STOP CONT"},
		{"signal USR2 ap", "api"},
		{"start ap", "api"},
		{"run --sched ", "rr none reuseport sticky least"},
	} {
		args := append([]string{"__completeNoDesc"}, strings.Split(c.line, " ")...)
		lines := strings.Split(strings.TrimSpace(m.do(args...)), "\n")
		if got := strings.Join(lines[:len(lines)-1], " "); got != c.want {
			t.Errorf("%q is completed to %q, want %q", c.line, got, c.want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := m.do("completion", shell); !strings.Contains(got, "__complete") {
			t.Errorf("the script for %s is %q", shell, got)
		}
	}
	m.refuse(2, "invalid argument", "completion", "tcsh")
}

// The script for bash is one that bash reads, and that completes.
func TestCompletionInBash(t *testing.T) {
	m := newManager(t)
	m.do("start", nodetest.Script(t, "server.js", "require('http').createServer().listen(0)"), "-n", "api", "-i", "2")
	command := exec.Command("bash", "-c", `
		nodecluster() { "$PROGRAM" "$@"; }
		compopt() { :; } # it is for a command line that is being written
		source <(nodecluster completion bash)
		_get_comp_words_by_ref() { cur=api/ prev=reload words=(nodecluster reload api/) cword=2; }
		COMP_WORDS=(nodecluster reload api/) COMP_CWORD=2 COMP_LINE='nodecluster reload api/' COMP_POINT=23 COMP_TYPE=9
		__start_nodecluster
		echo "${COMPREPLY[@]}"`)
	command.Env = append(slices.Concat(command.Environ(), m.env), "PROGRAM="+binary)
	out, err := command.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "api/0 api/1" {
		t.Errorf("bash completes to %q, %v", out, err)
	}
}
