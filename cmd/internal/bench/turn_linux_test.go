package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// needWrk skips the test where there is no wrk, once it has checked what the program says then.
func needWrk(t *testing.T, args ...string) {
	t.Helper()
	if measure.FindWrk() == nil {
		return
	}
	var out bytes.Buffer
	const want = "no wrk, which makes the load: install it ("
	if err := run(t.Context(), args, &out); err == nil || !strings.HasPrefix(err.Error(), want) || out.Len() > 0 {
		t.Errorf("without wrk: %v, and %q on standard output, want %s", err, out.String(), want)
	}
	t.Skip("needs wrk: scripts/test --all fetches it where there is apt")
}

// loadsTheMachine skips a test that has wrk take all of it for many seconds.
func loadsTheMachine(t *testing.T) {
	t.Helper()
	if !nodetest.All() {
		t.Skip("loads the whole machine for many seconds: scripts/test --all does")
	}
}

func TestNodeAndOurs(t *testing.T) {
	nodetest.NoLeaks(t)
	files := t.TempDir()
	plot, figures := filepath.Join(files, "plot.svg"), filepath.Join(files, "figures.json")
	args := []string{"--node", nodetest.Default(t).Path, "--nodecluster", filepath.Join(programs, "nodecluster"),
		"--only", "node,rr", "--seconds", "1", "--rounds", "1", "--clients", "8", "--plot", plot, "--json", figures}
	needWrk(t, args...)
	loadsTheMachine(t)
	for _, kind := range []string{"http", "net"} {
		var out bytes.Buffer
		if err := run(t.Context(), append(args, "--kind", kind), &out); err != nil {
			t.Fatal(err)
		}
		table := out.String()
		for _, want := range []string{kind + ", ", "\n| 2 | Node's cluster, rr | ", " | 1.00, 1.00, 1.00 |\n", "\n| 2 | nodecluster, rr | ", "\nLeft out by --only: node-none, pm2, "} {
			if !strings.Contains(table, want) {
				t.Errorf("there is no %q in\n%s", want, table)
			}
		}
		if strings.Contains(table, "saw:") {
			t.Errorf("clients saw errors:\n%s", table)
		}
	}
	for _, path := range []string{plot, figures} {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestManyAddresses(t *testing.T) {
	nodetest.NoLeaks(t)
	var out bytes.Buffer
	err := run(t.Context(), []string{"--node", nodetest.Default(t).Path, "--only", "node", "--seconds", "1", "--rounds", "1",
		"--clients", "8", "--addresses", "100", "--workers", "1"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if table := out.String(); !strings.Contains(table, "8 clients with 100 addresses") || !strings.Contains(table, "\n| 1 | Node's cluster, rr | ") || strings.Contains(table, "saw:") {
		t.Errorf("the table is\n%s", table)
	}
}

func TestScaleOfAFew(t *testing.T) {
	nodetest.NoLeaks(t)
	args := []string{"--scale", "--node", nodetest.Default(t).Path, "--nodecluster", filepath.Join(programs, "nodecluster"),
		"--go-worker", filepath.Join(programs, "worker"), "--seconds", "1", "--rounds", "1", "--clients", "8"}
	needWrk(t, args...)
	loadsTheMachine(t)
	var out bytes.Buffer
	b := newTestBench(t, args...)
	if err := b.scale(t.Context(), &out, sizes{workers: 5, ports: 20}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n| 5 in Go | 1 | ", "\n| 2 in Node | 20 | ", "\n| memory of each further worker | "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "saw:") {
		t.Errorf("clients saw errors:\n%s", out.String())
	}
}

func TestBusy(t *testing.T) {
	nodetest.NoLeaks(t)
	var out bytes.Buffer
	err := run(t.Context(), []string{"--busy", "--node", nodetest.Default(t).Path, "--nodecluster", filepath.Join(programs, "nodecluster"),
		"--seconds", "1", "--rounds", "1"}, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n| Node's cluster, rr | ", " | 1.00 |\n", "\n| nodecluster, rr | ", "\n| nodecluster, least | "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "saw:") {
		t.Errorf("clients saw errors:\n%s", out.String())
	}
}

func TestIdle(t *testing.T) {
	nodetest.NoLeaks(t)
	args := []string{"--idle", "--seconds", "1", "--node", nodetest.Default(t).Path, "--nodecluster", filepath.Join(programs, "nodecluster"),
		"--go-worker", filepath.Join(programs, "worker")}
	var out bytes.Buffer
	if err := newTestBench(t, args...).idle(t.Context(), &out, 2); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 workers in Go", ", for 1 s.\n", "\n| nodecluster | 0.", "\n| nodecluster, `--max-lag 1s` | 0."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

func TestFork(t *testing.T) {
	nodetest.NoLeaks(t)
	args := []string{"--fork", "--rounds", "1", "--node", nodetest.Default(t).Path, "--nodecluster", filepath.Join(programs, "nodecluster")}
	var out bytes.Buffer
	if err := newTestBench(t, args...).fork(t.Context(), &out, 3); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n| Node's cluster | ", "\n| nodecluster exec | ", "\n| the difference | ", "\n| which may be at most | – | 5 | 12 |\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

// A primary in JavaScript serves under nodecluster exec, with an engine that counts too.
func TestExec(t *testing.T) {
	nodetest.NoLeaks(t)
	b := newTestBench(t, "--node", nodetest.Default(t).Path, "--nodecluster", filepath.Join(programs, "nodecluster"))
	serves(t, b, func(b *bench, ctx context.Context, p place) (server, error) {
		s, err := adoptedPrimary("rr")(b, ctx, p)
		if err != nil {
			return nil, err
		}
		if err := measure.Await("engine", func() bool { return len(s.processes()) == 2 }, s.running); err != nil {
			s.end()
			return nil, err
		}
		return s, nil
	})
}

func newTestBench(t *testing.T, args ...string) *bench {
	t.Helper()
	o, err := parseOptions(args)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBench(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(b.folder) })
	return b
}

func TestContenderThatFails(t *testing.T) {
	nodetest.NoLeaks(t)
	args := []string{"--node", nodetest.Default(t).Path, "--nodecluster", "false", "--only", "rr", "--rounds", "1"}
	needWrk(t, args...)
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	if want := "nothing could be measured: "; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "rr with 2 workers: it has ended with exit status 1") {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestNoNode(t *testing.T) {
	args := []string{"--node", "/nowhere/node"}
	needWrk(t, args...)
	err := run(t.Context(), args, &bytes.Buffer{})
	if err == nil || !strings.HasPrefix(err.Error(), "no node: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want a line that says that there is no node", err)
	}
}

// What every turn needs is there, or one line says what to install.
func TestWhatIsMissing(t *testing.T) {
	b := newTestBench(t, "--node", nodetest.Default(t).Path)
	b.options.getPM2 = filepath.Join(t.TempDir(), "pm2")
	if err := os.WriteFile(b.options.getPM2, []byte("#!/bin/sh\necho fetching >&2\necho 'no network' >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	if err := b.fetchPM2(t.Context()); err == nil || err.Error() != "no network" {
		t.Errorf("PM2: %v, want what the script that fetches it said last", err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := b.compileFloor(t.Context()); err == nil || err.Error() != "no cc to compile it with: install a C compiler" {
		t.Errorf("floor: %v", err)
	}
}

// A floor that can be compiled serves.
func TestFloor(t *testing.T) {
	nodetest.NoLeaks(t)
	b := newTestBench(t, "--node", nodetest.Default(t).Path)
	if err := b.compileFloor(t.Context()); err != nil {
		if _, missing := exec.LookPath("cc"); missing == nil {
			t.Fatal(err)
		}
		t.Skip("needs a C compiler") // TestWhatIsMissing has seen what it says then
	}
	serves(t, b, (*bench).startFloor)
}

// Nginx serves where it is installed.
func TestNginx(t *testing.T) {
	nodetest.NoLeaks(t)
	b := newTestBench(t, "--node", nodetest.Default(t).Path)
	if err := b.findNginx(t.Context()); err != nil {
		if want := "no nginx: install it to have it measured"; err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		t.Skip("needs nginx: scripts/test --all fetches it where there is apt")
	}
	serves(t, b, (*bench).startNginx)
}

// PM2 serves, and leaves no daemon behind.
func TestPM2(t *testing.T) {
	if !nodetest.All() {
		t.Skip("needs PM2: scripts/test --all fetches it")
	}
	nodetest.NoLeaks(t)
	b := newTestBench(t, "--node", nodetest.Default(t).Path, "--get-pm2", "../../../scripts/pm2")
	if err := b.fetchPM2(t.Context()); err != nil {
		t.Fatal(err)
	}
	serves(t, b, (*bench).startPM2)
}

// serves checks that a contender brings connections to each of 2 workers, and ends.
func serves(t *testing.T, b *bench, start func(*bench, context.Context, place) (server, error)) {
	t.Helper()
	p, err := b.newPlace(t.TempDir(), size{workers: 2, ports: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(b, t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	pids := s.processes()
	for _, pid := range pids {
		pids = append(pids, measure.Children(pid)...)
	}
	if err := p.await(s, false); err != nil {
		t.Error(err)
	}
	if err := awaitAnswers(p.address(), 2, s.running); err != nil {
		t.Error(err)
	}
	if measure.Memory(s.processes()...) == 0 {
		t.Error("it has no memory")
	}
	s.end()
	if !measure.AwaitEnd(pids, measure.EndPatience) {
		t.Errorf("of its processes %v some still run", pids)
	}
}
