//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// runner runs tests one way or another.
type runner struct {
	*options
	version  string // of node
	work     string // a folder that goes away at the end
	serial   atomic.Int32
	excluded exclusions
	plainly  string   // the folder of what passes on plain Node
	alone    *os.File // locked by the run on this machine that is at tests which cannot run beside others
}

func newRunner(o *options, work string) (*runner, error) {
	said, err := exec.Command(o.node, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("--node %s: it does not run: %w", o.node, err)
	}
	excluded, err := readExclusions(filepath.Join(o.root, "testdata", "conformance", "not-applicable.txt"))
	if err != nil {
		return nil, err
	}
	r := &runner{options: o, version: strings.TrimSpace(string(said)), work: work, excluded: excluded}
	r.plainly = filepath.Join(o.cache, "conformance", "plain")
	if err := os.MkdirAll(r.plainly, 0o755); err != nil {
		return nil, err
	}
	r.alone, err = os.Create(filepath.Join(o.cache, "conformance", "sequential"))
	return r, err
}

// place is where a test runs.
type place struct {
	thread int
	serial string
	folder string // of its own, below the runner's
}

// output is the file of what a test writes.
func (p place) output() string { return filepath.Join(p.folder, "output") }

// commonPort is the first of the ports that Node's tests take without looking whether they are free. Our own tests, which
// may run beside them, look from 10000 on.
const commonPort = 9500

// execute runs a test once.
func (r *runner) execute(ctx context.Context, t *test, p place, s setting) (outcome, error) {
	args := slices.Concat(s.command, t.flags, []string{t.path})
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = filepath.Dir(r.suite)
	beside := "1"
	if t.sequential() {
		beside = "0"
	}
	cmd.Env = slices.Concat(inheritedEnvironment(), []string{
		"TEST_THREAD_ID=" + strconv.Itoa(p.thread), "TEST_SERIAL_ID=" + p.serial, "TEST_PARALLEL=" + beside,
		"NODE_TEST_DIR=" + p.folder, "NODE_COMMON_PORT=" + strconv.Itoa(commonPort),
	}, s.env)
	return runProcess(ctx, cmd, r.work+"/"+p.serial, r.timeout, p.output())
}

// inheritedEnvironment leaves out what would change how the tests' Node behaves.
func inheritedEnvironment() (env []string) {
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "NODE_") && !strings.HasPrefix(variable, "TEST_") {
			env = append(env, variable)
		}
	}
	return env
}

// newPlace gives a test a folder of its own.
func (r *runner) newPlace(thread int) (place, error) {
	p := place{thread: thread, serial: strconv.Itoa(int(r.serial.Add(1)))}
	p.folder = filepath.Join(r.work, p.serial)
	return p, os.Mkdir(p.folder, 0o755)
}

// plain runs a test on Node alone, and says why it does not count, if it does not. That it counts is remembered.
func (r *runner) plain(ctx context.Context, t *test, thread int) (skip string, err error) {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s\n%s\n%s\n%d\n%s", r.version, r.suite, t.name, os.Getuid(), t.source)))
	remembered := filepath.Join(r.plainly, fmt.Sprintf("%x", sum))
	if text, err := os.ReadFile(remembered); err == nil {
		return string(text), nil
	}
	p, err := r.newPlace(thread)
	if err != nil {
		return "", err
	}
	o, err := r.execute(ctx, t, p, setting{command: []string{r.node}})
	if err != nil {
		return "", err
	}
	if o.failure != "" {
		return "fails on plain Node: " + o.failure, nil
	}
	if skip = skippedItself(o.output); skip != "" {
		skip = "skips itself: " + skip
	}
	return skip, os.WriteFile(remembered, []byte(skip), 0o644)
}

// skippedItself gives the reason that a test gives for not testing anything here.
func skippedItself(output string) string {
	for _, line := range strings.Split(output, "\n") {
		if reason, ok := strings.CutPrefix(line, "1..0 # Skipped: "); ok {
			return reason
		}
	}
	return ""
}
