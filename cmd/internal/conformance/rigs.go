//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// rig is a way to run a test with Go on the other end.
type rig struct {
	name  string
	about []about // the tests that are for it
	// setting is what the rig adds to a test that runs in that place.
	setting func(place) (setting, error)
	// log is the file that Go writes there. It has part in it when Go had a part in the test, and each for every process that
	// it had to do with; how says in which way.
	log, part, each, how string
	// without reports whether Go has no part in a test that passes all the same; nil says so of none.
	without func(*test) bool
}

// setting is what a rig adds to a test.
type setting struct {
	command []string // what runs the test's file, with Node's arguments before it
	env     []string
}

// relayed is in the trace for each child whose channel was relayed.
const relayed = `"event":"fork"`

// proxy puts nodecluster's relay between a test's process and all that it forks.
func (r *runner) proxy(ctx context.Context, report *report) error {
	return r.run(ctx, report, &rig{
		name: "proxy", about: []about{aboutClusters, aboutProcesses}, how: "relayed",
		log: "trace", part: relayed, each: relayed,
		setting: func(p place) (setting, error) {
			return setting{command: []string{
				filepath.Join(r.programs, "nodecluster"), "trace", "--format", "json", "--out", filepath.Join(p.folder, "trace"), "--", r.node,
			}}, nil
		},
	})
}

// primary puts a Go primary in place of the cluster module of a test's process.
func (r *runner) primary(ctx context.Context, report *report) error {
	return r.run(ctx, report, &rig{
		name: "primary", about: []about{aboutClusters}, how: "forked by Go",
		log: "log", part: "start\n", each: "fork\n",
		setting: func(p place) (setting, error) {
			log := filepath.Join(p.folder, "log")
			return setting{command: []string{r.node}, env: []string{
				`NODE_OPTIONS=--require "` + filepath.Join(r.root, "testdata", "conformance", "primary.cjs") + `"`,
				"NODECLUSTER_CONFORMANCE_PRIMARY=" + filepath.Join(r.programs, "primary"),
				"NODECLUSTER_CONFORMANCE_PIPES=" + p.folder,
				"NODECLUSTER_CONFORMANCE_LOG=" + log,
			}}, os.WriteFile(log, nil, 0o644)
		},
	})
}

// adopted is what NODE_DEBUG=nodecluster has on standard error for each worker whose channel Go takes.
const adopted = " is adopted"

// adopt has nodecluster exec start a test's process, which keeps Node's own cluster module. Go serves its workers. A test that forks none has
// to pass too, as the preload is in its process.
func (r *runner) adopt(ctx context.Context, report *report) error {
	return r.run(ctx, report, &rig{
		name: "adopt", about: []about{aboutClusters}, how: "adopted",
		log: "output", part: adopted, each: adopted,
		without: func(t *test) bool { return !t.forksWorkers() },
		setting: func(place) (setting, error) {
			command := []string{filepath.Join(r.programs, "nodecluster"), "exec", "--strict", "--node", r.node, "--"}
			return setting{command: command, env: []string{"NODE_DEBUG=nodecluster"}}, nil
		},
	})
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
	p, err := r.newPlace(thread)
	if err != nil {
		return err
	}
	s, err := rig.setting(p)
	if err != nil {
		return err
	}
	o, err := r.execute(ctx, t, p, s)
	if err != nil {
		return err
	}
	log, err := os.ReadFile(filepath.Join(p.folder, rig.log))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if o.failure == "" && !strings.Contains(string(log), rig.part) && (rig.without == nil || !rig.without(t)) {
		o.failure = "Go had no part in it"
	}
	res.Outcome, res.Seconds = passed, o.seconds
	res.Processes, res.How = strings.Count(string(log), rig.each), rig.how
	if o.failure != "" {
		res.Outcome, res.Reason, res.Output = failed, o.failure, o.output
	}
	return nil
}
