//go:build linux

package cluster_test

import (
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// mixedAgents are the settings of agents of every kind, by its name, with a script that Node, Deno and Bun run.
func mixedAgents(t testing.TB, node nodetest.Runtime, script string, others ...nodetest.Runtime) map[string]cluster.Settings {
	t.Helper()
	path, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]cluster.Settings{"go": {ExecPath: self, Env: clustertest.AsProgram(clustertest.AgentProgram)}}
	for _, runtime := range append(others, node) {
		settings[runtime.Name] = clustertest.AgentSettings(t, runtime)
		s := settings[runtime.Name]
		s.Exec = path
		settings[runtime.Name] = s
	}
	return settings
}

// TestMixedWorkers has workers of every kind behind one port of our primary.
func TestMixedWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	node := nodetest.Default(t)
	var others []nodetest.Runtime
	if nodetest.All() {
		others = append(others, nodetest.Deno(t))
	}
	if nodetest.All() && *clustertest.Serialization == "json" {
		others = append(others, nodetest.Bun(t)) // its advanced is a format of its own
	}
	kinds := mixedAgents(t, node, clustertest.Script("agent.cjs"), others...)
	r := clustertest.NewRig(t, clustertest.AgentSettings(t, node))
	port := nodetest.FreePort(t)
	workers := map[int]string{}
	join := func(t *testing.T, kind string) {
		w := r.MustForkWith(kinds[kind])
		clustertest.Listen(t, r, w, map[string]any{"port": port, "host": "127.0.0.1"})
		workers[w] = kind
	}
	for kind := range kinds {
		join(t, kind)
	}
	clustertest.Step(t, "every kind has its share", func(t *testing.T) { expectShares(t, port, workers) })
	for w, kind := range maps.Clone(workers) {
		clustertest.Step(t, "nothing is lost with "+kind, func(t *testing.T) {
			clustertest.Stop(t, r.ForkedWorker(w))
			clients := clustertest.ConnectAll(t, port, 3*len(kinds)*window)
			r.Kill(w, syscall.SIGKILL)
			if by := clustertest.Greetings(t, clients); by[w] != 0 {
				t.Errorf("connections by worker: %v, want none with worker %d", by, w)
			}
			clustertest.HangUp(clients)
			delete(workers, w)
			join(t, kind)
		})
	}
	clustertest.Step(t, "every successor has its share", func(t *testing.T) { expectShares(t, port, workers) })
	if err := r.Disconnect(clustertest.Patient(t)); err != nil {
		t.Fatal(err)
	}
	for w, kind := range workers {
		if status := r.ForkedWorker(w).ExitStatus(); status.Code != 0 {
			t.Errorf("worker %d, of %s: %v", w, kind, status)
		}
	}
}

// expectShares opens connections one after the other, and expects every worker to get as many within a quarter. Of many
// at once the faster kinds get more, under Node's primary as under ours: they are free again sooner.
func expectShares(t *testing.T, port int, workers map[int]string) {
	t.Helper()
	const even = 40
	by := clustertest.Serves(t, port, even*len(workers))
	for w, kind := range workers {
		if by[w] < even*3/4 || by[w] > even*5/4 {
			t.Errorf("worker %d, of %s, had %d connections, want %d within a quarter: %v", w, kind, by[w], even, by)
		}
	}
}

// TestMixedWorkersUnderNode has workers of Node, Go and Deno behind one port of a real Node primary. Bun's are not
// among them: Node's primary dies of what they send.
func TestMixedWorkersUnderNode(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, mixUnderNode)
}

func mixUnderNode(t *testing.T, node nodetest.Runtime) {
	var others []nodetest.Runtime
	if nodetest.All() && *clustertest.Serialization == "json" {
		others = append(others, nodetest.Deno(t)) // its advanced is of a version that no Node reads
	}
	kinds := mixedAgents(t, node, clustertest.Script("worker.cjs"), others...)
	p := clustertest.StartTracingPrimary(t, node, nil)
	p.Setup(cluster.SchedRR, map[string]any{})
	port := nodetest.FreePort(t)
	workers := map[int]string{}
	join := func(t *testing.T, kind string) {
		w := p.ForkWith(kinds[kind])
		clustertest.Listen(t, p, w, map[string]any{"port": port, "host": "127.0.0.1"})
		workers[w] = kind
	}
	for kind := range kinds {
		join(t, kind)
	}
	clustertest.Step(t, "every kind has its share", func(t *testing.T) { expectShares(t, port, workers) })
	for w, kind := range maps.Clone(workers) {
		clustertest.Step(t, "others go on without "+kind, func(t *testing.T) {
			p.Kill(w, syscall.SIGKILL)
			p.AwaitEvent("disconnect", w)
			p.AwaitEvent("exit", w)
			delete(workers, w)
			expectShares(t, port, workers)
			join(t, kind)
		})
	}
	for w, kind := range maps.Clone(workers) {
		clustertest.Step(t, "nothing is lost when "+kind+" leaves", func(t *testing.T) {
			load := startGreeted(port)
			load.await(t, 50)
			p.DisconnectWorker(w)
			p.AwaitEvent("exit", w)
			if code := p.AwaitEvent("exit", w).Code; code != 0 {
				t.Errorf("worker %d ended with code %d", w, code)
			}
			load.stop(t)
			join(t, kind)
		})
	}
}

// greetedLoad is clients that open one connection after the other, each of which must be served.
type greetedLoad struct {
	running sync.WaitGroup
	end     chan struct{}
	served  chan struct{}
	failed  chan error
}

func startGreeted(port int) *greetedLoad {
	l := &greetedLoad{end: make(chan struct{}), served: make(chan struct{}), failed: make(chan error, 8)}
	for range 8 {
		l.running.Go(func() {
			for {
				if _, err := clustertest.Greeted(port); err != nil {
					l.failed <- err
					return
				}
				select {
				case l.served <- struct{}{}:
				case <-l.end:
					return
				default:
				}
			}
		})
	}
	return l
}

// await waits for connections to be served.
func (l *greetedLoad) await(t *testing.T, connections int) {
	t.Helper()
	ctx := clustertest.Patient(t)
	for range connections {
		select {
		case <-l.served:
		case err := <-l.failed:
			t.Fatal(err)
		case <-ctx.Done():
			t.Fatal("the clients are not served")
		}
	}
}

// stop expects some more connections to be served, and ends.
func (l *greetedLoad) stop(t *testing.T) {
	t.Helper()
	l.await(t, 50)
	close(l.end)
	l.running.Wait()
	close(l.failed)
	for err := range l.failed {
		t.Error(err)
	}
}

// TestMixedPool kills workers of every kind in a pool under load: who is not served was with the one that died.
func TestMixedPool(t *testing.T) {
	nodetest.NoLeaks(t)
	port := nodetest.FreePort(t)
	mixed := startMixedPool(t, port)
	load := clustertest.StartLoad(port)
	t.Cleanup(load.Stop)
	var deaths clustertest.Deaths
	for _, w := range mixed.Workers() {
		load.ExpectConnections(t, load.Connections()+200)
		deaths.Cause(t, w)
		<-w.Exited()
		awaitListening(t, mixed, 4)
	}
	load.ExpectConnections(t, load.Connections()+200)
	load.Stop()
	deaths.Wait()
	deaths.ExpectAllOf(t, load.Failures)
}

func startMixedPool(t *testing.T, port int) *pool.Pool {
	t.Helper()
	var printed clustertest.RealOutput
	printed.LogOnFailure(t)
	script := nodetest.Script(t, "server.cjs", otherStreamServer)
	variables := []string{"PORT=" + strconv.Itoa(port)}
	var others []pool.Program
	for _, runtime := range []nodetest.Runtime{nodetest.Deno(t), nodetest.Bun(t)} {
		settings := clustertest.RealSettings(t, runtime, script, &printed)
		settings.Env = append(settings.Env, variables...)
		others = append(others, pool.Program{Instances: 1, Settings: settings})
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	others = append(others, pool.Program{Instances: 1, Settings: cluster.Settings{
		ExecPath: self, Env: append(clustertest.AsProgram(clustertest.IdentityProgram), variables...), Stdout: &printed, Stderr: &printed,
	}})
	settings := clustertest.RealSettings(t, nodetest.Default(t), script, &printed)
	settings.Env = append(settings.Env, variables...)
	mixed, err := pool.New(settings, pool.Options{Instances: 1, Programs: others, MinPause: 1, MaxPause: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mixed.Shutdown(clustertest.Patient(t))
		if err := mixed.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := mixed.Start(); err != nil {
		t.Fatal(err)
	}
	awaitListening(t, mixed, 4)
	return mixed
}

// awaitListening waits until so many workers listen.
func awaitListening(t *testing.T, p *pool.Pool, workers int) {
	t.Helper()
	ctx := clustertest.Patient(t)
	for {
		listening := len(clustertest.ListeningWorkers(p.Workers()))
		if listening >= workers {
			return
		}
		if _, err := p.Next(ctx); err != nil {
			t.Fatalf("%d of %d workers listen: %v", listening, workers, err)
		}
	}
}
