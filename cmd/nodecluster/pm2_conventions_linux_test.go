package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/internal/pm2"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// conventions is a run of an application with PM2's conventions, by PM2 or by nodecluster.
type conventions struct {
	t     *testing.T
	file  string // ecosystem.config.json
	notes string
}

// newConventions writes PM2's file of the application, with fields beside those that all runs have.
func newConventions(t *testing.T, numberIn string, fields map[string]any) *conventions {
	t.Helper()
	folder := t.TempDir()
	c := &conventions{t: t, file: filepath.Join(folder, "ecosystem.config.json"), notes: filepath.Join(folder, "notes")}
	app := map[string]any{
		"name": "api", "script": programOfTests(t, "pm2-conventions.js"), "instances": 2, "exec_mode": "cluster", "wait_ready": true,
		"listen_timeout": patience.Milliseconds(), "kill_timeout": patience.Milliseconds(),
		"env": map[string]string{"NOTES": c.notes, "NUMBER_IN": numberIn, "COUNT": "100", "PORT": strconv.Itoa(nodetest.FreePort(t))},
	}
	for name, value := range fields {
		app[name] = value
	}
	text, err := json.Marshal(map[string]any{"apps": []any{app}})
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, c.file, string(text))
	return c
}

// noted are the notes of all workers, sorted.
func (c *conventions) noted() []string {
	text, _ := os.ReadFile(c.notes)
	return slices.Sorted(strings.Lines(string(text)))
}

func (c *conventions) await(note string, times int) {
	c.t.Helper()
	poll(c.t, note, func() bool { return strings.Count(strings.Join(c.noted(), ""), note) == times })
}

func (c *conventions) beReady() { writeText(c.t, c.notes+".ready", "") }

// pm2Conventions are the fields of PM2 that change what workers are given, and the variable that has their number.
var pm2Conventions = []struct {
	numberIn string
	fields   map[string]any
}{
	{"NODE_APP_INSTANCE", map[string]any{"shutdown_with_message": true, "increment_var": "COUNT"}},
	// By default a worker is asked to leave before it is signalled, and this one leaves.
	{"PLACE", map[string]any{"instance_var": "PLACE", "stop": "signal"}},
}

// TestConventionsAsPM2: the variables that workers have, and how they are asked to end, are what the real PM2 gives them.
func TestConventionsAsPM2(t *testing.T) {
	if !nodetest.All() {
		t.Skip("needs PM2: scripts/test --all has it")
	}
	program, err := pm2.Fetch(nodetest.Context(t), "../../scripts/pm2")
	if err != nil {
		t.Fatal(err)
	}
	nodetest.EachNodeSince(t, 18, func(t *testing.T, node nodetest.Runtime) {
		for _, of := range pm2Conventions {
			theirs := newConventions(t, of.numberIn, of.fields)
			theirs.beReady()
			daemon, err := pm2.Start(node.Path, program, t.TempDir(), nil, theirs.file)
			if err != nil {
				t.Fatal(err)
			}
			err = daemon.Command(patience, "stop", "api")
			daemon.End()
			if err != nil {
				t.Fatal(err)
			}
			for _, serialization := range []string{"json", "advanced"} {
				ours := newConventions(t, of.numberIn, of.fields)
				ours.beReady()
				m := newManager(t)
				m.do("start", ours.file, "--serialization", serialization, "--node", node.Path)
				m.do("stop", "api")
				if diff := cmp.Diff(theirs.noted(), ours.noted()); diff != "" {
					t.Errorf("%v, %s: -PM2 +ours\n%s", of.fields, serialization, diff)
				}
			}
		}
	})
}

// start waits until all workers have sent "ready", which they are not before, though they listen.
func TestStartWaitsForReady(t *testing.T) {
	for _, serialization := range []string{"json", "advanced"} {
		t.Run(serialization, func(t *testing.T) {
			m := newManager(t)
			c := newConventions(t, "NODE_APP_INSTANCE", nil)
			started := make(chan result)
			go func() { started <- m.run("start", c.file, "--serialization", serialization) }()
			c.await("listens\n", 2)
			app := m.app("api")
			poll(t, "the addresses of both workers", func() bool {
				app = m.app("api")
				return !slices.ContainsFunc(app.Workers, func(w control.Worker) bool { return len(w.Addresses) == 0 })
			})
			if app.State != control.Starting || app.Ready != 0 || app.Workers[0].State != control.WorkerStarting {
				t.Errorf("before it is ready it is %s, with %d workers ready of %+v", app.State, app.Ready, app.Workers)
			}
			c.beReady()
			if r := <-started; r.status != 0 {
				t.Errorf("start ended with %d: %s%s", r.status, r.stdout, r.stderr)
			}
			if app := m.app("api"); app.State != control.Online || app.Ready != 2 {
				t.Errorf("then it is %s, with %d workers ready", app.State, app.Ready)
			}
			m.do("reload", "api")
			c.await("started with", 4)
		})
	}
}
