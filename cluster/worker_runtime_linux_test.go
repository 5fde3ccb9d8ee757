package cluster_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// copyOf makes an executable of another name that is the same program.
func copyOf(t *testing.T, program, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if os.Link(program, path) == nil {
		return path
	}
	from, err := os.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// listeningSockets counts the TCP sockets of a process on a port that listen.
func listeningSockets(t *testing.T, pid, port int) (n int) {
	t.Helper()
	table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
	if err != nil {
		t.Fatal(err)
	}
	listening := map[string]bool{}
	for line := range strings.Lines(string(table)) {
		const localAddress, state, inode, listen = 1, 3, 9, "0A"
		if f := strings.Fields(line); strings.HasSuffix(f[localAddress], fmt.Sprintf(":%04X", port)) && f[state] == listen {
			listening["socket:["+f[inode]+"]"] = true
		}
	}
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(folder, e.Name())); err == nil && listening[target] {
			n++
		}
	}
	return n
}

var groupPolicies = []cluster.SchedulingPolicy{cluster.SchedReusePort, cluster.SchedSticky}

// expectGroup has workers listen under the policies that give each a socket, and expects what runtime they are and whether they
// have one.
func expectGroup(t *testing.T, settings cluster.Settings, want cluster.Runtime, sockets int) {
	t.Helper()
	for _, policy := range groupPolicies {
		t.Run(string(policy), func(t *testing.T) {
			r := clustertest.NewRig(t, chosenByKernel(settings, policy))
			r.ExpectErrors = sockets == 0
			port := clustertest.FreePort(t)
			for range 2 {
				w := r.MustFork(fmt.Sprintf("LISTEN=127.0.0.1:%d", port))
				if settings.Exec != "" {
					r.Ready(w)
					clustertest.ListenAll(t, r, port, w.ID())
				}
				r.Listening(t, w.ID(), port)
				if got := w.Runtime(); got != want {
					t.Errorf("the runtime is %q, want %q", got, want)
				}
				if n := listeningSockets(t, w.Pid(), port); n != sockets {
					t.Errorf("the worker has %d listening sockets, want %d", n, sockets)
				}
			}
			expectAllServe(t, port, 1, 2)
			if sockets == 0 {
				expectHandedOut(t, r, want)
			}
		})
	}
}

// expectHandedOut expects one event which tells that workers on a runtime have no sockets of their own.
func expectHandedOut(t *testing.T, r *clustertest.Rig, runtime cluster.Runtime) {
	t.Helper()
	tells := func(o clustertest.Occurrence) bool {
		return o.Event == "error" && strings.Contains(o.Err.Error(), fmt.Sprintf("workers on %s, which take no listening socket", runtime))
	}
	r.Await(t, "the event which tells who hands out connections", tells)
	n := 0
	for _, o := range r.All() {
		if tells(o) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d events tell who hands out connections, want 1", n)
	}
}

// A worker in Go has a socket of its own, whatever its file is called.
func TestRuntimeOfGoWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bundler", "bunker", "denormalize", "bun", "deno", "node"} {
		t.Run(name, func(t *testing.T) {
			expectGroup(t, cluster.Settings{ExecPath: copyOf(t, self, name), Env: clustertest.AsProgram("greeter")}, cluster.RuntimeGo, 1)
		})
	}
}

// disguises are ways to run a program such that its name does not tell what it is.
var disguises = map[string]func(t *testing.T, program string) string{
	"as it is": func(_ *testing.T, program string) string { return program },
	"renamed":  func(t *testing.T, program string) string { return copyOf(t, program, "engine") },
	"linked": func(t *testing.T, program string) string {
		path := filepath.Join(t.TempDir(), "worker")
		if err := os.Symlink(program, path); err != nil {
			t.Fatal(err)
		}
		return path
	},
	"by a script": func(t *testing.T, program string) string {
		path := filepath.Join(t.TempDir(), "node")
		if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\nexec '%s' \"$@\"\n", program), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	},
}

func TestRuntimes(t *testing.T) {
	nodetest.NoLeaks(t)
	t.Run("node", func(t *testing.T) { disguised(t, nodetest.Default(t), cluster.RuntimeNode, 1) })
	nodetest.DenoAndBun(t, func(t *testing.T, r nodetest.Runtime) { disguised(t, r, cluster.Runtime(r.Name), 0) })
}

func disguised(t *testing.T, program nodetest.Runtime, want cluster.Runtime, sockets int) {
	for how, disguise := range disguises {
		t.Run(how, func(t *testing.T) {
			settings := clustertest.AgentSettings(t, program)
			settings.ExecPath = disguise(t, program.Path)
			expectGroup(t, settings, want, sockets)
		})
	}
}

// Every Node is known for one.
func TestRuntimeOfNodes(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		r := clustertest.NewAgents(t, node, cluster.SchedRR, 1)
		clustertest.ListenAll(t, r, clustertest.FreePort(t), 1)
		if got := r.ForkedWorker(1).Runtime(); got != cluster.RuntimeNode {
			t.Errorf("the runtime is %q", got)
		}
	})
}

// What the settings say counts.
func TestRuntimeOfSettings(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := clustertest.Greeters(0)
	settings.Runtime = cluster.RuntimeDeno
	expectGroup(t, settings, cluster.RuntimeDeno, 0)
	settings.Runtime = "dino"
	if _, err := cluster.NewPrimary(settings); err == nil || !strings.Contains(err.Error(), `"dino"`) {
		t.Errorf("a primary for runtime dino: %v, want an error that names it", err)
	}
	r := clustertest.NewRig(t, cluster.Settings{})
	if _, err := r.ForkWith(settings); err == nil || !strings.Contains(err.Error(), `"dino"`) {
		t.Errorf("a worker on runtime dino: %v, want an error that names it", err)
	}
}

// A program that is none of the runtimes is asked nothing and told all that Node is told.
func TestRuntimeOfOtherPrograms(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, clustertest.Shell(`echo '{"cmd":"NODE_CLUSTER","act":"queryServer","address":"127.0.0.1","port":0,"addressType":4,"seq":0}' >&3; read answer <&3; echo "\"answered\"" >&3; read forever <&3`))
	w := r.MustFork()
	r.Await(t, "the word of the shell that it was answered", func(o clustertest.Occurrence) bool { return o.Event == "message" && o.Worker == w.ID() })
	if got := w.Runtime(); got != "" {
		t.Errorf("the runtime is %q", got)
	}
}
