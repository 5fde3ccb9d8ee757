//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// rig is a way to run a test with Go on the other end.
type rig struct {
	name  string
	about []about // the tests that are for it
	// settings are what the rig adds to a test that runs in a place: the first, and the next if Go had no part in it.
	settings []func(place) (setting, error)
	// The setting's log has part in it when Go had a part in the test, and each for every process that it had to do with; how says in which
	// way.
	part, each, how string
	// without reports whether Go has no part in a test that passes all the same; nil says so of none.
	without func(*test) bool
}

// setting is what a rig adds to a test.
type setting struct {
	command []string // what runs the test's file, with Node's arguments before it
	env     []string
	log     string // the file in which Go's part is seen
}

// relayed is in the trace for each child whose channel was relayed.
const relayed = `"event":"fork"`

// proxy puts nodecluster's relay between a test's process and all that it forks.
func (r *runner) proxy(ctx context.Context, report *report) error {
	return r.run(ctx, report, &rig{
		name: "proxy", about: []about{aboutClusters, aboutProcesses}, how: "relayed",
		part: relayed, each: relayed,
		settings: []func(place) (setting, error){func(p place) (setting, error) {
			log := filepath.Join(p.folder, "trace")
			command := []string{filepath.Join(r.programs, "nodecluster"), "trace", "--format", "json", "--out", log, "--", r.node}
			return setting{command: command, log: log}, nil
		}},
	})
}

// primary puts a Go primary in place of the cluster module of a test's process.
func (r *runner) primary(ctx context.Context, report *report) error {
	return r.run(ctx, report, &rig{
		name: "primary", about: []about{aboutClusters}, how: "forked by Go",
		part: "start\n", each: "fork\n",
		settings: []func(place) (setting, error){func(p place) (setting, error) {
			log := filepath.Join(p.folder, "log")
			return setting{command: []string{r.node}, log: log, env: []string{
				`NODE_OPTIONS=--require "` + filepath.Join(r.root, "testdata", "conformance", "primary.cjs") + `"`,
				"NODECLUSTER_CONFORMANCE_PRIMARY=" + filepath.Join(r.programs, "primary"),
				"NODECLUSTER_CONFORMANCE_PIPES=" + p.folder,
				"NODECLUSTER_CONFORMANCE_LOG=" + log,
			}}, os.WriteFile(log, nil, 0o644)
		}},
	})
}

// adopted is what NODE_DEBUG=nodecluster has on standard error for each worker whose channel Go takes.
const adopted = " is adopted"

// adopt has nodecluster exec start a test's process, which keeps Node's own cluster module. Go serves its workers. That reaches no primary
// that is a child of the test's process: a test in which Go had no part runs again with the preload in all of its processes. A test that
// forks no workers has to pass too, as the preload is in its process.
func (r *runner) adopt(ctx context.Context, report *report) error {
	return r.run(ctx, report, &rig{
		name: "adopt", about: []about{aboutClusters}, how: "adopted",
		part: adopted, each: adopted,
		without: func(t *test) bool { return !t.forksWorkers() },
		settings: []func(place) (setting, error){func(p place) (setting, error) {
			return setting{command: r.exec(r.node), log: p.output(), env: []string{"NODE_DEBUG=nodecluster"}}, nil
		}, r.adoptEverywhere},
	})
}

// adoptEverywhere has the preload in all processes of a test, and before it the script that has what it says written to a file.
func (r *runner) adoptEverywhere(p place) (setting, error) {
	options, err := r.execOptions()
	log := filepath.Join(p.folder, "log")
	return setting{command: []string{r.node}, log: log, env: []string{
		`NODE_OPTIONS=--require="` + filepath.Join(r.root, "testdata", "conformance", "debuglog.cjs") + `" ` + options,
		"NODECLUSTER_CONFORMANCE_LOG=" + log,
	}}, err
}

func (r *runner) exec(node string, args ...string) []string {
	return append([]string{filepath.Join(r.programs, "nodecluster"), "exec", "--strict", "--node", node, "--"}, args...)
}

// execOptions is what nodecluster exec has in NODE_OPTIONS, so that Node loads the preload. Where all is written with a = the preload leaves it
// there.
func (r *runner) execOptions() (string, error) {
	command := r.exec("/bin/sh", "-c", `printf %s "$NODE_OPTIONS"`)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = inheritedEnvironment()
	options, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("nodecluster exec: %w", err)
	}
	return strings.Replace(string(options), "--require ", "--require=", 1), nil
}

// run runs each test of a rig on plain Node and then in the rig's setting.
func (r *runner) run(ctx context.Context, report *report, rig *rig) error {
	tests, err := r.tests(rig.about...)
	if err != nil {
		return err
	}
	return r.runAll(ctx, tests, report, func(t *test, thread int) (*result, error) {
		res := &result{Rig: rig.name, Name: t.name, Outcome: skipped, Reason: r.excluded[rig.name+" "+t.name]}
		if res.Reason != "" || ctx.Err() != nil {
			return res, nil
		}
		var err error
		if res.Reason, err = r.plain(ctx, t, thread); res.Reason != "" || err != nil {
			return res, err
		}
		return res, r.runIn(ctx, t, thread, rig, res)
	})
}

// runIn runs a test in a rig. A test with which Go had nothing to do has not passed.
func (r *runner) runIn(ctx context.Context, t *test, thread int, rig *rig, res *result) error {
	var o outcome
	var log string
	for _, with := range rig.settings {
		var err error
		if o, log, err = r.runWith(ctx, t, thread, rig, with); err != nil {
			return err
		}
		if o.failure != "" || strings.Contains(log, rig.part) || rig.without != nil && rig.without(t) {
			break
		}
		o.failure = "Go had no part in it"
	}
	res.Outcome, res.Seconds = passed, o.seconds
	res.Processes, res.How = strings.Count(log, rig.each), rig.how
	if o.failure != "" {
		res.Outcome, res.Reason, res.Output = failed, o.failure, o.output
	}
	return nil
}

// runWith runs a test in a place of its own, and gives what Go has logged.
func (r *runner) runWith(ctx context.Context, t *test, thread int, rig *rig, with func(place) (setting, error)) (o outcome, log string, err error) {
	p, err := r.newPlace(thread)
	if err != nil {
		return o, "", err
	}
	s, err := with(p)
	if err != nil {
		return o, "", err
	}
	if o, err = r.execute(ctx, t, p, s); err != nil {
		return o, "", err
	}
	text, err := os.ReadFile(s.log)
	if os.IsNotExist(err) {
		err = nil
	}
	return o, string(text), err
}
