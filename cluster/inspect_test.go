//go:build unix

package cluster_test

import (
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/google/go-cmp/cmp"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Each worker gets an inspector's port of its own, as under Node.
func TestInspectPorts(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, c := range []struct {
		name      string
		execArgv  []string
		ports     []int
		debugPort int
	}{
		{"not asked for", nil, nil, 0},
		{"counted up", []string{"--inspect-publish-uid=http"}, nil, 0},
		{"counted up to the last", []string{"--inspect-publish-uid=http"}, nil, 65534},
		{"given", []string{"--inspect-port=0"}, []int{9411, 9415}, 0},
		{"any", []string{"--inspect=127.0.0.1:0"}, []int{0, 0}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			node := nodetest.Default(t)
			settings := clustertest.AgentSettings(t, node)
			settings.ExecArgv, settings.DebugPort = c.execArgv, c.debugPort
			theirs := map[string]any{"exec": settings.Exec, "execArgv": append([]string{}, c.execArgv...), "debugPort": c.debugPort}
			if c.ports != nil {
				theirs["inspectPorts"] = c.ports
				ports := slices.Clone(c.ports)
				settings.InspectPort = func() int {
					defer func() { ports = ports[1:] }()
					return ports[0]
				}
			}
			see := func(d clustertest.Driver) (seen [][]string) {
				for range 2 {
					w := d.Start()
					clustertest.AwaitReady(t, d.Book(), w)
					seen = append(seen, factsOf(t, d, w).ExecArgv)
				}
				return seen
			}
			node1 := see(clustertest.NewNodePrimary(t, node, cluster.SchedRR, theirs))
			if diff := cmp.Diff(node1, see(clustertest.NewRig(t, settings))); diff != "" {
				t.Errorf("under Node's primary (-) and ours (+):\n%s", diff)
			}
		})
	}
}

// inspected is a primary that prints which arguments two workers have, and where their inspectors listen. It is such a worker too.
const inspected = `
	const cluster = require('cluster');
	if (cluster.isWorker) {
		const url = require('inspector').url();
		process.on('message', () => process.exit());
		process.send({ execArgv: process.execArgv, host: url ? new URL(url).host : '' });
	} else {
		const seen = [];
		const fork = () => cluster.fork().on('message', (m) => {
			if (seen.push(m) < 2) return fork();
			for (const worker of Object.values(cluster.workers)) worker.send('end');
			process.stdout.write(JSON.stringify(seen));
		});
		fork();
	}`

// Workers get the ports that they have under Node's primary that was started with the same arguments and variables.
func TestInspectPortsOfArguments(t *testing.T) {
	script := nodetest.Script(t, "inspected.js", inspected)
	free := func() string { return strconv.Itoa(nodetest.FreePort(t)) }
	for name, c := range map[string]struct {
		options  string
		execArgv []string
	}{
		"port":                  {"", []string{"--inspect=" + free()}},
		"host and port":         {"", []string{"--inspect=127.0.0.2:" + free()}},
		"no inspector":          {"", []string{"--inspect-port=" + free()}},
		"port apart":            {"", []string{"--inspect=127.0.0.2", "--inspect-port", free()}},
		"of the last":           {"", []string{"--inspect-port=" + free(), "--debug-port=" + free()}},
		"by environment":        {"--no-warnings --inspect=127.0.0.2:" + free(), nil},
		"by both":               {"--inspect-port=" + free(), []string{"--inspect=" + free()}},
		"by both, in two parts": {"--inspect-port=" + free(), []string{"--inspect=127.0.0.2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NODE_OPTIONS", c.options)
			nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
				nodetest.NoLeaks(t)
				theirs, err := exec.Command(node.Path, append(slices.Clone(c.execArgv), script)...).Output()
				if err != nil {
					t.Fatal(err)
				}
				ours := inspectedUnderOurs(t, node, script, c.execArgv)
				for i, worker := range inspectedIn(t, string(theirs)) {
					if !slices.Equal(ours[i].ExecArgv, worker.ExecArgv) {
						t.Errorf("a worker has %q, under Node's primary %q", ours[i].ExecArgv, worker.ExecArgv)
					}
				}
			})
		})
	}
}

// inspectedUnderOurs are two workers of inspected, under a primary of ours.
func inspectedUnderOurs(t *testing.T, node nodetest.Runtime, script string, execArgv []string, env ...string) []inspectedWorker {
	t.Helper()
	r := clustertest.NewRig(t, cluster.Settings{Exec: script, ExecPath: node.Path, ExecArgv: execArgv, Env: env})
	var seen []string
	for range 2 {
		w := r.MustFork()
		seen = append(seen, string(r.Event(t, "message", w.ID()).Message))
	}
	for _, w := range r.Workers() {
		if err := w.Tell("end"); err != nil {
			t.Error(err)
		}
	}
	for _, w := range r.Workers() {
		<-w.Gone()
	}
	return inspectedIn(t, "["+strings.Join(seen, ",")+"]")
}

// inspectedWorker is what a worker of inspected prints.
type inspectedWorker struct {
	ExecArgv []string
	Host     string // "" where no inspector listens, or another process has the port
}

func inspectedIn(t *testing.T, text string) (workers []inspectedWorker) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &workers); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return workers
}

// Where any port will do, each worker has one of its own. The variable may be the worker's alone.
func TestAnyInspectPort(t *testing.T) {
	nodetest.NoLeaks(t)
	script := nodetest.Script(t, "inspected.js", inspected)
	t.Setenv("NODE_OPTIONS", "--inspect=1")
	for _, c := range []struct {
		execArgv []string
		env      string
		host     string
	}{
		{[]string{"--inspect=0"}, "NODE_OPTIONS=", "127.0.0.1:"},
		{nil, `NODE_OPTIONS="--inspect=127.0.0.2:0"`, "127.0.0.2:"},
	} {
		workers := inspectedUnderOurs(t, nodetest.Default(t), script, c.execArgv, c.env)
		first, second := workers[0].Host, workers[1].Host
		if !strings.HasPrefix(first, c.host) || !strings.HasPrefix(second, c.host) || first == second {
			t.Errorf("with %q and %s the inspectors listen on %s and %s", c.execArgv, c.env, first, second)
		}
	}
}

func TestInspectPortsThatThereAreNot(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, port := range []int{-1, 65536} {
		r := clustertest.NewRig(t, cluster.Settings{
			Exec: "-", ExecArgv: []string{"--inspect"}, InspectPort: func() int { return port },
		})
		_, err := r.Fork()
		if wrong := (*cluster.InspectPortError)(nil); !errors.As(err, &wrong) || wrong.Port != port {
			t.Errorf("port %d: %v, want an error that names it", port, err)
		}
	}
}
