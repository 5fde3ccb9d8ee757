package main

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestLogLevel(t *testing.T) {
	script := nodetest.Script(t, "failing.js", "require('net').createServer().listen(0, () => process.send('up', () => process.exit(3)));")
	for level, want := range map[string][]string{
		"error": {"error"},
		"warn":  {"exit", "error"},
		"info":  {"instances", "fork", "online", "listening", "message", "disconnect", "exit", "error"},
		"debug": {"instances", "fork", "online", "listening", "message", "disconnect", "exit", "error"},
	} {
		t.Run(level, func(t *testing.T) {
			p := launch(t, nil, "--restart", "never", "--log-level", level, script)
			p.expectStatus(1)
			names := map[string]bool{}
			for _, e := range eventsIn(p.stderr.String()) {
				names[e.Name] = true
			}
			for _, name := range want {
				if !names[name] {
					t.Errorf("nothing is said of %s", name)
				}
			}
			if len(names) != len(want) {
				t.Errorf("told is of %v, want %v", names, want)
			}
		})
	}
}

func TestLogOfNothing(t *testing.T) {
	p := launch(t, nil, "-i", "1", "--log-format", "none", nodetest.Script(t, "done.js", done))
	p.expectStatus(0)
	if got := p.stderr.String(); got != "" {
		t.Errorf("standard error is %q", got)
	}
	script := nodetest.Script(t, "failing.js", "process.exit(3)")
	p = launch(t, nil, "-i", "1", "--log-format", "none", script)
	p.expectStatus(1)
	if got, want := p.stderr.String(), "nodecluster: "+script+" ended with code 3 before it listened; what it printed says why\n"; got != want {
		t.Errorf("standard error is %q, want %q", got, want)
	}
}

// occupied is a port that somebody else listens on.
func occupied(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// A program that takes no notice of a port that is in use goes on. The log says so once, of all workers.
func TestListenErrorThatTheProgramTakesNoNoticeOf(t *testing.T) {
	const workers = 4
	busy, free := occupied(t), nodetest.FreePort(t)
	plain := nodetest.Script(t, "two.js", `
		const net = require('net');
		net.createServer().on('error', () => net.createServer().listen(process.env.FREE)).listen(process.env.BUSY);`)
	express := nodetest.Script(t, "express.js", `
		const app = require('express5')();
		app.listen(process.env.BUSY, () => app.listen(process.env.FREE));`)
	env := []string{
		fmt.Sprint("BUSY=", busy), fmt.Sprint("FREE=", free),
		"NODE_PATH=" + filepath.Join(nodetest.Apps(t), "node_modules"),
	}
	for _, script := range []string{plain, express} {
		t.Run(filepath.Base(script), func(t *testing.T) {
			if script == express && nodetest.Default(t).Major < 18 {
				t.Skip("Express 5 needs Node 18")
			}
			p := launch(t, env, "-i", strconv.Itoa(workers), script)
			p.await("listening", workers)
			first := p.await("listenError", 1)
			p.stop()
			if e := first[0]; *e.Port != busy || e.Error != "address already in use" || e.Level != "WARN" || e.Worker == 0 || e.Further != 0 {
				t.Errorf("the error is %+v", e)
			}
			all := p.events("listenError")
			further := 0
			for _, e := range all[1:] {
				further += e.Further
			}
			if len(all) > 1+workers || further != workers-1 {
				t.Errorf("%d lines tell of %d further errors, want %d", len(all), further, workers-1)
			}
		})
	}
	t.Run("text", func(t *testing.T) {
		p := launch(t, env, "-i", "2", "--log-format", "text", plain)
		p.stderr.await(t, "two that listen", func(text string) bool { return strings.Count(text, " listening on ") == 2 })
		p.stop()
		lines := slices.Collect(strings.Lines(p.stderr.String()))
		where := fmt.Sprint("port ", busy)
		first := slices.ContainsFunc(lines, func(line string) bool {
			return strings.HasPrefix(line, "worker ") && strings.HasSuffix(line, ") cannot listen on "+where+": address already in use\n")
		})
		if further := "1 further attempt to listen on " + where + " failed: address already in use\n"; !first || !slices.Contains(lines, further) {
			t.Errorf("the log is\n%s", p.stderr)
		}
	})
}

// A worker that fails again and again is no reason to say it again and again.
func TestListenErrorInALoop(t *testing.T) {
	busy, free := occupied(t), nodetest.FreePort(t)
	script := nodetest.Script(t, "loop.js", `
		const net = require('net');
		net.createServer().listen(process.env.FREE, () => net.createServer().listen(process.env.BUSY));`)
	p := launch(t, []string{fmt.Sprint("BUSY=", busy), fmt.Sprint("FREE=", free)}, "-i", "1", "--max-restarts", "2", script)
	p.expectStatus(1)
	if all := p.events("listenError"); len(all) != 2 || all[1].Further != 2 {
		t.Errorf("the errors are %+v", all)
	}
}
