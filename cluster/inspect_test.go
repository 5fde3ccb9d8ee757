//go:build unix

package cluster_test

import (
	"errors"
	"slices"
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
		{"counted up", []string{"--inspect-port=0"}, nil, 0},
		{"counted up to the last", []string{"--inspect-port=0"}, nil, 65534},
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

// The inspector is asked for in NODE_OPTIONS as well.
func TestInspectPortsByEnvironment(t *testing.T) {
	nodetest.NoLeaks(t)
	t.Setenv("NODE_OPTIONS", "--no-warnings --inspect-port=0")
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
	for w, want := range []string{1: "--inspect-port=9230", 2: "--inspect-port=9231"} {
		if w == 0 {
			continue
		}
		if got := factsOf(t, r, w).ExecArgv; !slices.Equal(got, []string{want}) {
			t.Errorf("worker %d has %q, want %q", w, got, want)
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
