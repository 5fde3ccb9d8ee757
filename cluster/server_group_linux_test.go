package cluster_test

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A worker's socket is the primary's: what waits in it when the worker dies goes to others, and the socket to its
// successor.
func TestGroups(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) { t.Parallel(); groups(t, node) })
	nodetest.DenoAndBun(t, groups)
}

func groups(t *testing.T, runtime nodetest.Runtime) {
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedReusePort, cluster.SchedSticky} {
		t.Run(string(policy), func(t *testing.T) {
			r := clustertest.AgentsWith(t, chosenByKernel(clustertest.AgentSettings(t, runtime), policy), 3)
			takesSockets := strings.HasPrefix(runtime.Name, "node")
			r.ExpectErrors = !takesSockets
			port := clustertest.FreePort(t)
			clustertest.Step(t, "connections", func(t *testing.T) {
				clustertest.ListenAll(t, r, port, 1, 2, 3)
				expectAllServe(t, port, 1, 2, 3)
				if !takesSockets {
					expectHandedOut(t, r, cluster.Runtime(runtime.Name))
				}
			})
			clustertest.Step(t, "death", func(t *testing.T) { groupDeath(t, r, port) })
			if takesSockets { // others get connections from the primary, and keep those that they have while they stand still
				clustertest.Step(t, "queue of one who leaves", func(t *testing.T) { groupLeaveWithQueue(t, r, port) })
			} else {
				clustertest.Step(t, "leave", func(t *testing.T) { groupLeave(t, r, port) })
			}
			clustertest.Step(t, "close", func(t *testing.T) { groupClose(t, r, port) })
			clustertest.Step(t, "end", func(t *testing.T) {
				if err := r.Disconnect(clustertest.Patient(t)); err != nil {
					t.Fatal(err)
				}
				clustertest.ExpectRefusal(t, port)
			})
		})
	}
}

// chosenByKernel are settings with which the kernel alone chooses who serves.
func chosenByKernel(s cluster.Settings, policy cluster.SchedulingPolicy) cluster.Settings {
	s.SchedulingPolicy, s.NoSteal = policy, true
	return s
}

// manyClients is how many addresses are enough for each worker to get some.
const manyClients = 60

// connectFromMany opens connections from as many addresses.
func connectFromMany(t testing.TB, port, n int) (clients []*clustertest.Client) {
	t.Helper()
	for i := range n {
		clients = append(clients, connectFrom(t, clientAddress(i), port))
	}
	return clients
}

func clientAddress(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 2, byte(i >> 8), byte(i)}) }

func connectFrom(t testing.TB, from netip.Addr, port int) *clustertest.Client {
	t.Helper()
	conn, err := dialFrom(from, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return clustertest.NewClient(t, conn)
}

func dialFrom(from netip.Addr, port int) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from.AsSlice()}, Timeout: clustertest.Patience}
	return d.Dial("tcp", clustertest.Local(port))
}

// expectAllServe checks that connections go to these workers and to no other. One that gets no CPU may have all of its connections
// taken over by the others, so that more are opened until it has served one.
func expectAllServe(t testing.TB, port int, workers ...int) {
	t.Helper()
	idle := slices.Clone(workers)
	for end := time.Now().Add(clustertest.Patience); len(idle) > 0; {
		by := servers(t, connectFromMany(t, port, manyClients), workers)
		idle = slices.DeleteFunc(idle, func(w int) bool { return by[w] > 0 })
		if len(idle) > 0 && time.Now().After(end) {
			t.Fatalf("workers %v serve none; the last ones were served by %v", idle, by)
		}
	}
}

// expectServers checks that each of these workers serves one of the clients, and no other worker does.
func expectServers(t testing.TB, clients []*clustertest.Client, workers ...int) {
	t.Helper()
	by := servers(t, clients, workers)
	for _, w := range workers {
		if by[w] == 0 {
			t.Errorf("worker %d serves none of %d: %v", w, len(clients), by)
		}
	}
}

// servers are the workers that serve clients, which is an error for any but these, with how many each does.
func servers(t testing.TB, clients []*clustertest.Client, workers []int) map[int]int {
	t.Helper()
	by := clustertest.Greetings(t, clients)
	for w := range by {
		if !slices.Contains(workers, w) {
			t.Errorf("worker %d serves: %v", w, by)
		}
	}
	clustertest.HangUp(clients)
	return by
}

// What waits for a worker that dies is the others', and its successor has its place.
func groupDeath(t *testing.T, r *clustertest.Rig, port int) {
	clustertest.Stop(t, r.ForkedWorker(3))
	clients := connectFromMany(t, port, manyClients)
	r.Kill(3, syscall.SIGKILL)
	expectServers(t, clients, 1, 2)
	expectAllServe(t, port, 1, 2)
	r.Ready(r.MustFork())
	clustertest.ListenAll(t, r, port, 4)
	expectAllServe(t, port, 1, 2, 4)
}

// A worker that is asked to leave gets no more.
func groupLeave(t *testing.T, r *clustertest.Rig, port int) {
	r.DisconnectWorker(4)
	r.Event(t, "exit", 4)
	expectAllServe(t, port, 1, 2)
}

// What waits in the socket of one that is asked to leave is the others'.
func groupLeaveWithQueue(t *testing.T, r *clustertest.Rig, port int) {
	clustertest.Stop(t, r.ForkedWorker(4))
	clients := connectFromMany(t, port, manyClients)
	r.DisconnectWorker(4)
	expectServers(t, clients, 1, 2)
	r.Kill(4, syscall.SIGCONT)
	r.Event(t, "exit", 4)
	expectAllServe(t, port, 1, 2)
}

// A worker that closes its server is no longer one of those who serve.
func groupClose(t *testing.T, r *clustertest.Rig, port int) {
	clustertest.CloseServers(t, r, 2, "tcp")
	expectAllServe(t, port, 1)
	clustertest.ListenAll(t, r, port, 2)
	expectAllServe(t, port, 1, 2)
}

// goGroup is workers in Go on a port, among which the kernel alone chooses.
func goGroup(t *testing.T, policy cluster.SchedulingPolicy, workers int) (*clustertest.Rig, int) {
	t.Helper()
	port := clustertest.FreePort(t)
	return goWorkers(t, chosenByKernel(clustertest.Greeters(port), policy), workers, port), port
}

// goWorkers forks workers in Go that listen on a port.
func goWorkers(t *testing.T, settings cluster.Settings, workers, port int) *clustertest.Rig {
	t.Helper()
	r := clustertest.NewRig(t, settings)
	for range workers {
		r.Listening(t, r.MustFork().ID(), port)
	}
	return r
}

func TestGroupOfGoWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedReusePort, cluster.SchedSticky} {
		t.Run(string(policy), func(t *testing.T) {
			r, port := goGroup(t, policy, 3)
			expectAllServe(t, port, 1, 2, 3)
			clustertest.Stop(t, r.ForkedWorker(2))
			clients := connectFromMany(t, port, manyClients)
			r.Kill(2, syscall.SIGKILL)
			expectServers(t, clients, 1, 3)
			expectAllServe(t, port, 1, 3)
			r.Listening(t, r.MustFork().ID(), port)
			expectAllServe(t, port, 1, 3, 4)
			clustertest.Stop(t, r.ForkedWorker(1))
			clients = connectFromMany(t, port, manyClients)
			r.DisconnectWorker(1)
			expectServers(t, clients, 3, 4)
			r.Kill(1, syscall.SIGCONT)
			r.Event(t, "exit", 1)
			expectAllServe(t, port, 3, 4)
		})
	}
}

// While a worker has no successor, all that comes waits for one, also where it came to the sockets of several.
func TestGroupWithoutWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	port := clustertest.FreePort(t)
	settings := clustertest.Greeters(port)
	settings.SchedulingPolicy, settings.HoldListeners = cluster.SchedReusePort, true
	r := clustertest.NewRig(t, settings)
	for w := 1; w <= 3; w++ {
		r.MustFork()
		r.Listening(t, w, port)
		clustertest.Stop(t, r.ForkedWorker(w))
	}
	clients := connectFromMany(t, port, manyClients)
	for w := 1; w <= 3; w++ {
		r.Kill(w, syscall.SIGKILL)
		r.Event(t, "exit", w)
	}
	clients = append(clients, connectFromMany(t, port, manyClients)...)
	r.MustFork()
	expectServers(t, clients, 4)
}

// A port of another primary is not taken, though that would share it.
func TestGroupOnAPortInUse(t *testing.T) {
	nodetest.NoLeaks(t)
	_, port := goGroup(t, cluster.SchedReusePort, 1)
	other := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedReusePort, 1)
	a := clustertest.AskAgent(t, other, 1, clustertest.Command{"do": "listen", "options": map[string]any{"port": port, "host": "127.0.0.1"}})
	if a.Error == nil || a.Error.Code != "EADDRINUSE" {
		t.Errorf("a second primary listens on the port of a first: %v", a.Error)
	}
}

func TestGroupHoldsNoMoreThanItsSockets(t *testing.T) {
	nodetest.NoLeaks(t)
	r, port := goGroup(t, cluster.SchedReusePort, 2)
	descriptors := clustertest.OpenDescriptors(t)
	for id := 3; id < 8; id++ {
		r.Kill(id-1, syscall.SIGKILL)
		r.Event(t, "exit", id-1)
		r.MustFork()
		r.Listening(t, id, port)
		expectAllServe(t, port, 1, id)
	}
	if !clustertest.Eventually(func() bool { return clustertest.OpenDescriptors(t) <= descriptors }) {
		t.Errorf("%d descriptors after deaths and successors, before %d", clustertest.OpenDescriptors(t), descriptors)
	}
}
