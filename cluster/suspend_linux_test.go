package cluster_test

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// eachSuspending runs a test under each policy that can suspend a worker.
func eachSuspending(t *testing.T, f func(t *testing.T, policy cluster.SchedulingPolicy)) {
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		if policy != cluster.SchedNone {
			f(t, policy)
		}
	})
}

// suspend has a worker get no connections, which has to be possible.
func suspend(t *testing.T, r *clustertest.Rig, worker int) {
	t.Helper()
	if err := r.ForkedWorker(worker).SuspendConnections(); err != nil {
		t.Error(err)
	}
}

// A worker that is suspended gets none of the connections, answers on one of the primary's own, and gets some again when it is resumed.
func TestSuspendConnections(t *testing.T) {
	nodetest.NoLeaks(t)
	test := func(t *testing.T, runtime nodetest.Runtime) {
		eachSuspending(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
			r := clustertest.NewAgents(t, runtime, policy, 3)
			r.ExpectErrors = runtime.Major == 0
			port := clustertest.FreePort(t)
			clustertest.ListenAll(t, r, port, 1, 2, 3)
			suspensions(t, r, port)
		})
	}
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) { t.Parallel(); test(t, node) })
	nodetest.DenoAndBun(t, test)
}

func TestSuspendConnectionsOfGoWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	eachSuspending(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r, port := goGroup(t, policy, 3)
		suspensions(t, r, port)
	})
}

func suspensions(t *testing.T, r *clustertest.Rig, port int) {
	t.Helper()
	expectAllServe(t, port, 1, 2, 3)
	for range 2 { // the second call of each changes nothing
		suspend(t, r, 1)
	}
	expectAllServe(t, port, 2, 3)
	expectDial(t, r.ForkedWorker(1), listensOn(t, r, 1))
	for range 2 {
		r.ForkedWorker(1).ResumeConnections()
	}
	expectAllServe(t, port, 1, 2, 3)
}

// What waits for a worker that stands still goes to others when it is suspended.
func TestSuspendOneThatStandsStill(t *testing.T) {
	nodetest.NoLeaks(t)
	eachSuspending(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		settings := chosenByKernel(clustertest.AgentSettings(t, nodetest.Default(t)), policy)
		r := clustertest.AgentsWith(t, settings, 2)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, 2)
		clustertest.Stop(t, r.ForkedWorker(1))
		var before []*clustertest.Client
		if policy == cluster.SchedReusePort || policy == cluster.SchedSticky { // under the others one is on its way to it
			before = connectFromMany(t, port, manyClients)
		}
		suspend(t, r, 1)
		expectServers(t, append(before, connectFromMany(t, port, 4)...), 2)
		r.Kill(1, syscall.SIGCONT)
		r.ForkedWorker(1).ResumeConnections()
		expectAllServe(t, port, 1, 2)
	})
}

// While all workers are suspended connections wait, for the first that is resumed. Those that still wait at the end are served.
func TestSuspendAll(t *testing.T) {
	nodetest.NoLeaks(t)
	eachSuspending(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		settings := clustertest.AgentSettings(t, nodetest.Default(t))
		settings.SchedulingPolicy, settings.StartSuspended = policy, true
		r := clustertest.AgentsWith(t, settings, 2)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1)
		first := connectFromMany(t, port, 4) // while there is one worker
		clustertest.ListenAll(t, r, port, 2)
		clients := append(first, connectFromMany(t, port, manyClients)...)
		r.ForkedWorker(2).ResumeConnections()
		expectServers(t, clients, 2)
		r.ForkedWorker(1).ResumeConnections()
		expectAllServe(t, port, 1, 2)
		suspend(t, r, 1)
		suspend(t, r, 2)
		clients = connectFromMany(t, port, manyClients)
		r.ForkedWorker(1).ResumeConnections()
		expectServers(t, clients, 1)
		suspend(t, r, 1)
		clients = connectFromMany(t, port, 4)
		left := make(chan error, 1)
		go func() { left <- r.Disconnect(clustertest.Patient(t)) }()
		clustertest.Greetings(t, clients)
		clustertest.HangUp(clients)
		if err := nodetest.Receive(t, left, "the end of all"); err != nil {
			t.Error(err)
		}
	})
}

// A worker that is suspended may end, and its successor may be suspended from the start: nobody gets what comes meanwhile but who is not.
func TestSuspendedOneEnds(t *testing.T) {
	nodetest.NoLeaks(t)
	eachSuspending(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		settings := clustertest.AgentSettings(t, nodetest.Default(t))
		settings.SchedulingPolicy, settings.HoldListeners = policy, true
		r := clustertest.AgentsWith(t, settings, 2)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, 2)
		suspend(t, r, 1)
		r.Kill(1, syscall.SIGKILL)
		r.Event(t, "exit", 1)
		expectAllServe(t, port, 2)
		suspend(t, r, 2)
		r.Kill(2, syscall.SIGKILL)
		r.Event(t, "exit", 2)
		clients := connectFromMany(t, port, 4)
		settings.StartSuspended = true
		r.MustForkWith(settings)
		r.MustForkWith(settings)
		clustertest.ListenAll(t, r, port, 3, 4)
		clients = append(clients, connectFromMany(t, port, manyClients)...)
		r.ForkedWorker(4).ResumeConnections()
		expectServers(t, clients, 4)
		r.DisconnectWorker(4)
		r.Event(t, "exit", 4)
		clients = connectFromMany(t, port, 4)
		r.ForkedWorker(3).ResumeConnections()
		expectServers(t, clients, 3)
	})
}

// The clients of a worker that is suspended have another one each, and go back to it. No other client moves.
func TestSuspendUnderSticky(t *testing.T) {
	t.Run("in the kernel", suspendSticky)
	t.Run("in the primary", func(t *testing.T) { nodetest.UnderSeccomp(t, withoutPrograms(syscall.EPERM), suspendSticky) })
}

func suspendSticky(t *testing.T) {
	nodetest.NoLeaks(t)
	r, port := goGroup(t, cluster.SchedSticky, 3)
	const clients = 100
	before := whose(t, port, clients, 1)
	suspend(t, r, 2)
	for i, w := range whose(t, port, clients, 2) {
		if w == 2 || before[i] != 2 && w != before[i] {
			t.Errorf("%s moves from worker %d to %d when worker 2 is suspended", clientAddress(i), before[i], w)
		}
	}
	r.ForkedWorker(2).ResumeConnections()
	if now := whose(t, port, clients, 1); !slices.Equal(now, before) {
		t.Errorf("clients have moved once worker 2 is resumed: from %v to %v", before, now)
	}
}

// A socket that workers share cannot be taken from one of them. Datagrams are no connections.
func TestSuspendUnderNone(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedNone, 1)
	bind := clustertest.Command{"do": "bind", "socket": "udp4", "options": map[string]any{"port": 0, "address": "127.0.0.1"}}
	clustertest.AskAgent(t, r, 1, bind)
	suspend(t, r, 1)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1)
	if err := r.ForkedWorker(1).SuspendConnections(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("to suspend a worker that shares its socket returns %v, want %v", err, errors.ErrUnsupported)
	}
	expectAllServe(t, port, 1)
	r.DisconnectWorker(1)
	r.Event(t, "exit", 1)
	suspend(t, r, 1) // which is nothing
}

// A balancer is asked again for connections that wait for a worker when that is suspended.
func TestSuspendUnderABalancer(t *testing.T) {
	nodetest.NoLeaks(t)
	r := balancedAgents(t, 2, func(cluster.Address) cluster.Balancer { return &firstOfAll{} })
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2)
	clustertest.Stop(t, r.ForkedWorker(1))
	clients := clustertest.ConnectAll(t, port, 30) // one is on its way to worker 1, and the others wait for it
	suspend(t, r, 1)
	greeted := greetings(t, clients)
	for range len(clients) - 1 {
		if w := nodetest.Receive(t, greeted, "the greeting of a client"); w != 2 {
			t.Errorf("worker %d greets, want worker 2", w)
		}
	}
	r.Kill(1, syscall.SIGCONT)
	nodetest.Receive(t, greeted, "the greeting of the client whose connection was on its way")
}

// firstOfAll chooses the first target that is not suspended, whether it is available or not.
type firstOfAll struct{ targets []*cluster.Target }

func (b *firstOfAll) Join(target *cluster.Target) { b.targets = append(b.targets, target) }

func (b *firstOfAll) Leave(target *cluster.Target) {
	b.targets = slices.DeleteFunc(b.targets, func(other *cluster.Target) bool { return other == target })
}

func (b *firstOfAll) Changed(*cluster.Target) {}

func (b *firstOfAll) Next(cluster.Connection) *cluster.Target {
	for _, target := range b.targets {
		if !target.Suspended() {
			return target
		}
	}
	return nil
}

// greetings are the workers that greet clients, in the order in which they do.
func greetings(t *testing.T, clients []*clustertest.Client) <-chan int {
	greeted := make(chan int, len(clients))
	for _, c := range clients {
		go func() {
			w, err := c.Greeting()
			if err != nil {
				t.Error(err)
			}
			greeted <- w
		}()
	}
	return greeted
}
