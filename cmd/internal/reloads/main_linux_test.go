package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure/measuretest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// programs is the folder of the programs of this repository that the tests measure.
var programs string

func TestMain(m *testing.M) {
	os.Exit(measuretest.Main(m, &programs, "./cmd/nodecluster", "./cmd/internal/reloads/worker", "./cmd/internal/reloads/primary"))
}

// testOptions are those of a short run.
func testOptions(t *testing.T, args ...string) *options {
	t.Helper()
	o, err := parseOptions(append([]string{
		"--node", nodetest.Default(t).Path, "--nodecluster", filepath.Join(programs, "nodecluster"), "--go-worker", filepath.Join(programs, "worker"),
		"--get-pm2", "../../../scripts/pm2", "--primary", filepath.Join(programs, "primary"), "--changes", "1", "--workers", "2", "--clients", "4", "--seconds", "1", "--pause", "5ms",
	}, args...))
	if err != nil {
		t.Fatal(err)
	}
	o.warmUp = 0
	return o
}

// Clients that open a connection for each request see nothing of a reload.
func TestReloadOfNodeWorkers(t *testing.T) { reloadOfOurs(t, inNode, "nodecluster, rr") }

func TestReloadOfGoWorkers(t *testing.T) {
	if !nodetest.All() {
		t.Skip("takes seconds, and differs from that of Node workers in the worker alone: scripts/test --all does it")
	}
	reloadOfOurs(t, inGo, "nodecluster, rr, workers in Go")
}

func reloadOfOurs(t *testing.T, contender, title string) {
	nodetest.NoLeaks(t)
	o := testOptions(t, "--only", contender, "--sched", "rr", "--plot", filepath.Join(t.TempDir(), "plot.svg"))
	o.keepAlive = 0
	var out bytes.Buffer
	if err := measureReloads(t.Context(), o, &out); err != nil {
		t.Errorf("%v, with the table\n%s", err, out.String())
	}
	for _, want := range []string{"\n| " + title + " | 1 | ", " 2 workers, 4 clients, of which 0 keep their connections, "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "| 0 | 0 | 0 | 0 | 0 | 0 | 0 |") || strings.Contains(out.String(), "–") {
		t.Errorf("something was not measured:\n%s", out.String())
	}
	if drawing, err := os.ReadFile(o.plot); err != nil || strings.Count(string(drawing), "<polyline ") != 2 {
		t.Errorf("the plot is %s, error %v", drawing, err)
	}
}

// Clients see nothing of workers that come and go, whether they keep their connections or not.
func TestScalingAndRecycling(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct{ change, workers, want string }{
		{scaling, "3", "| who | scalings | "},
		{recycling, "2", "| who | replacements | "},
	} {
		t.Run(c.change, func(t *testing.T) {
			t.Parallel()
			o := testOptions(t, "--only", inNode, "--sched", "rr", "--change", c.change, "--workers", c.workers, "--per-minute", "120")
			var out bytes.Buffer
			if err := measureReloads(t.Context(), o, &out); err != nil {
				t.Errorf("%v, with the table\n%s", err, out.String())
			}
			for _, want := range []string{c.want, "\n| nodecluster, rr | 1 | ", " 4 clients, of which 2 keep their connections, "} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("there is no %q in\n%s", want, out.String())
				}
			}
			if strings.Contains(out.String(), "| 0 | 0 | 0 | 0 | 0 | 0 | 0 |") || strings.Contains(out.String(), " – | – |") {
				t.Errorf("something was not measured:\n%s", out.String())
			}
		})
	}
}

// 20 workers are replaced in a minute by default, as each lives for between 90 and 100 % of its lifetime.
func TestLifetime(t *testing.T) {
	o, err := parseOptions(strings.Fields("--change recycle --workers 8"))
	if err != nil {
		t.Fatal(err)
	}
	if perMinute := float64(o.workers) / (o.lifetime().Minutes() * 0.95); perMinute < 19.99 || perMinute > 20.01 {
		t.Errorf("with a lifetime of %v %.2f workers are replaced in a minute", o.lifetime(), perMinute)
	}
}

// PM2 reloads, and leaves nothing behind. What its clients see is not ours to promise.
func TestReloadOfPM2(t *testing.T) {
	if !nodetest.All() {
		t.Skip("needs PM2: scripts/test --all fetches it")
	}
	nodetest.NoLeaks(t)
	var out bytes.Buffer
	if err := measureReloads(t.Context(), testOptions(t, "--only", "pm2"), &out); err != nil || strings.Count(out.String(), "\n| PM2") != 2 || strings.Contains(out.String(), "–") {
		t.Errorf("%v, with the table\n%s", err, out.String())
	}
}

// A reload that fails is told, and what clients have seen until then.
func TestReloadThatFails(t *testing.T) {
	nodetest.NoLeaks(t)
	o := testOptions(t)
	m := &measurement{options: o, folder: t.TempDir()}
	app := filepath.Join(m.folder, "app.js")
	const once = "require('fs').mkdirSync(`${__dirname}/${process.env.NODECLUSTER_INSTANCE}`);" // of each place
	if err := os.WriteFile(app, append([]byte(once), appJS...), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := m.turn(t.Context(), contender{"it", true, m.startOurs("rr", []string{"--node", o.node, "--restart", "never", app})})
	if err == nil || !strings.HasPrefix(err.Error(), "reload 1 of 1: reload: instance 0: ") {
		t.Errorf("the error is %v", err)
	}
	if r == nil || r.figures.changes != 0 || r.figures.requests == 0 || r.timeline != nil {
		t.Errorf("the result is %+v", r)
	}
}

func TestNoNode(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), []string{"--node", "/nowhere/node"}, &out)
	if err == nil || !strings.HasPrefix(err.Error(), "no node: ") || strings.Contains(err.Error(), "\n") || out.Len() > 0 {
		t.Errorf("%v, and %q on standard output, want a line that says that there is no node", err, out.String())
	}
}

// Where PM2 cannot be fetched, the table says why, and that is no failure of ours.
func TestNoPM2(t *testing.T) {
	nodetest.NoLeaks(t)
	o := testOptions(t, "--only", "pm2")
	o.getPM2 = filepath.Join(t.TempDir(), "pm2")
	if err := os.WriteFile(o.getPM2, []byte("#!/bin/sh\necho fetching >&2\necho 'no network' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := measureReloads(t.Context(), o, &out); err != nil || !strings.Contains(out.String(), "\nNot measured: PM2: no network.\n") {
		t.Errorf("%v, with the table\n%s", err, out.String())
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	const see = " (scripts/reloads --help lists the flags)"
	for _, c := range []struct{ args, want string }{
		{"--nonsense", "unknown flag: --nonsense"},
		{"fast", `unknown argument "fast"`},
		{"--changes 0", `invalid argument "0" for "--changes" flag: use a number from 1 to 65536`},
		{"--change update", `invalid argument "update" for "--change" flag: use reload, scale or recycle`},
		{"--change scale --workers 2", "--change scale goes from 2 workers to --workers, which must be more"},
		{"--change recycle --only pm2", "--change recycle is not for PM2"},
		{"--sched fair", `invalid argument "fair" for "--sched" flag: no policy is named "fair": there are rr, none, reuseport, sticky, least`},
		{"--only nginx", `invalid argument "nginx" for "--only" flag: no contender is named "nginx": there are node, go, pm2`},
		{"--pause 10s", "--pause must be from 0s to less than 10s"},
		{"--pause -1s", "--pause must be from 0s to less than 10s"},
	} {
		if _, err := parseOptions(strings.Fields(c.args)); err == nil || err.Error() != c.want+see {
			t.Errorf("%s: %v, want %s", c.args, err, c.want+see)
		}
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions(strings.Fields("--clients 10 --sched least --only pm2,node --pause 20ms"))
	if err != nil {
		t.Fatal(err)
	}
	m := &measurement{options: o}
	var titles []string
	for _, c := range m.contenders() {
		titles = append(titles, c.title)
	}
	if got := strings.Join(titles, "; "); got != "nodecluster, least; PM2; PM2, leaving slowly" || o.keepAlive != 5 || o.pause != 20*time.Millisecond {
		t.Errorf("%+v with the contenders %s", o, got)
	}
}

// The script's help has a line for each flag but those that the script gives.
func TestHelp(t *testing.T) {
	help, err := exec.Command("../../../scripts/reloads", "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"change", "changes", "per-minute", "workers", "clients", "seconds", "pause", "sched", "only", "node", "plot"} {
		if _, err := parseOptions([]string{"--" + flag}); err == nil || !strings.Contains(err.Error(), "needs an argument") {
			t.Errorf("--%s: %v", flag, err)
		}
		if !strings.Contains(string(help), "\n  --"+flag+" ") {
			t.Errorf("there is no --%s in\n%s", flag, help)
		}
	}
}
