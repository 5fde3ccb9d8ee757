package cluster_test

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
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
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from.AsSlice()}, Timeout: clustertest.Patience}
	conn, err := d.Dial("tcp", clustertest.Local(port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return clustertest.NewClient(t, conn)
}

// expectAllServe checks that connections go to these workers and to no other.
func expectAllServe(t testing.TB, port int, workers ...int) {
	t.Helper()
	expectServers(t, connectFromMany(t, port, manyClients), workers...)
}

func expectServers(t testing.TB, clients []*clustertest.Client, workers ...int) {
	t.Helper()
	by := clustertest.Greetings(t, clients)
	for _, w := range workers {
		if by[w] == 0 {
			t.Errorf("worker %d serves none of %d: %v", w, len(clients), by)
		}
	}
	for w := range by {
		if !slices.Contains(workers, w) {
			t.Errorf("worker %d serves: %v", w, by)
		}
	}
	clustertest.HangUp(clients)
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

// whose returns the worker that serves each of n addresses, which has to be the same each time.
func whose(t *testing.T, port, n, times int) (workers []int) {
	t.Helper()
	for i := range n {
		var w int
		for again := range times {
			c := connectFrom(t, clientAddress(i), port)
			got := c.Worker(t)
			c.Close()
			if again > 0 && got != w {
				t.Fatalf("%s is served by worker %d and then by %d", clientAddress(i), w, got)
			}
			w = got
		}
		workers = append(workers, w)
	}
	return workers
}

func TestStickyClients(t *testing.T) {
	nodetest.NoLeaks(t)
	r, port := goGroup(t, cluster.SchedSticky, 4)
	const clients = 1000
	before := whose(t, port, clients, 10)
	by := map[int]int{}
	for _, w := range before {
		by[w]++
	}
	for w := 1; w <= 4; w++ {
		if by[w] < clients/4*3/4 || by[w] > clients/4*5/4 {
			t.Errorf("worker %d has %d of %d clients", w, by[w], clients)
		}
	}

	r.Kill(2, syscall.SIGKILL)
	r.Event(t, "exit", 2)
	r.Event(t, "disconnect", 2)
	for i, w := range whose(t, port, clients, 1) {
		if w == 2 || before[i] != 2 && w != before[i] {
			t.Errorf("%s moves from worker %d to %d when worker 2 dies", clientAddress(i), before[i], w)
		}
	}
	r.MustFork()
	r.Listening(t, 5, port)
	for i, w := range whose(t, port, clients, 1) {
		if w != before[i] && (before[i] != 2 || w != 5) {
			t.Errorf("%s moves from worker %d to %d, and worker 5 has succeeded worker 2", clientAddress(i), before[i], w)
		}
	}

	r.MustFork()
	r.Listening(t, 6, port)
	moved := 0
	for i, w := range whose(t, port, clients, 1) {
		switch {
		case w == 6:
			moved++
		case w != before[i] && w != 5:
			t.Errorf("%s moves from worker %d to %d, and the new worker is 6", clientAddress(i), before[i], w)
		}
	}
	if moved < clients/5*3/4 || moved > clients/5*5/4 {
		t.Errorf("the new worker has %d of %d clients, want a fifth within a quarter", moved, clients)
	}
}

// A successor that is started beside a worker has that one's clients when it leaves, and none before. No other client moves.
func TestStickySuccessor(t *testing.T) {
	t.Run("in the kernel", stickySuccessor)
	t.Run("in the primary", func(t *testing.T) { nodetest.UnderSeccomp(t, withoutPrograms(syscall.EPERM), stickySuccessor) })
}

func stickySuccessor(t *testing.T) {
	nodetest.NoLeaks(t)
	r, port := goGroup(t, cluster.SchedSticky, 3)
	const clients = 100
	before := whose(t, port, clients, 1)
	served := 2
	for _, leave := range []func(){
		func() { r.DisconnectWorker(served) },
		func() { r.Kill(served, syscall.SIGKILL) },
	} {
		successor, err := r.ForkSuccessor(r.ForkedWorker(served), r.Settings())
		if err != nil {
			t.Fatal(err)
		}
		r.Keep(successor)
		r.Listening(t, successor.ID(), port)
		if now := whose(t, port, clients, 1); !slices.Equal(now, before) {
			t.Errorf("clients move when a successor comes: from %v to %v", before, now)
		}
		leave()
		r.Event(t, "exit", served)
		r.Event(t, "disconnect", served)
		for i, w := range whose(t, port, clients, 1) {
			switch {
			case before[i] == served && w == successor.ID():
				before[i] = w
			case w != before[i]:
				t.Errorf("%s moves from worker %d to %d when worker %d leaves, whose successor is %d", clientAddress(i), before[i], w, served, successor.ID())
			}
		}
		served = successor.ID()
	}
}

// Where the kernel cannot choose, the primary does: here because the socket is one that it was started with.
func TestStickyInThePrimary(t *testing.T) {
	nodetest.NoLeaks(t)
	file, port := clustertest.ListeningFile(t)
	fd := int(file.Fd())
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedSticky, 3)
	r.Offer(fd)
	for w := 1; w <= 3; w++ {
		clustertest.Listen(t, r, w, map[string]any{"fd": fd})
	}
	const clients = 200
	before := whose(t, port, clients, 3)

	// The clients of a worker that was stopped wait for it, and those of other workers do not.
	clustertest.Stop(t, r.ForkedWorker(1))
	var waiting []*clustertest.Client
	for i := range 100 {
		c := connectFrom(t, clientAddress(i), port)
		if before[i] == 1 {
			waiting = append(waiting, c)
		} else if w := c.Worker(t); w != before[i] {
			t.Errorf("%s moves from worker %d to %d while worker 1 stands still", clientAddress(i), before[i], w)
		}
	}
	r.Kill(1, syscall.SIGCONT)
	expectServers(t, waiting, 1)

	clustertest.Stop(t, r.ForkedWorker(1))
	waiting = connectFromMany(t, port, clients)
	r.Kill(1, syscall.SIGKILL)
	for i, c := range waiting {
		if w := c.Worker(t); w == 1 || before[i] != 1 && w != before[i] {
			t.Errorf("%s moves from worker %d to %d when worker 1 dies", clientAddress(i), before[i], w)
		}
	}
	r.Ready(r.MustFork())
	clustertest.Listen(t, r, 4, map[string]any{"fd": fd})
	for i, w := range whose(t, port, clients, 1) {
		if w != before[i] && (before[i] != 1 || w != 4) {
			t.Errorf("%s moves from worker %d to %d, and worker 4 has succeeded worker 1", clientAddress(i), before[i], w)
		}
	}
}

func TestPacketGroups(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedReusePort, cluster.SchedSticky} {
			t.Run(string(policy), func(t *testing.T) {
				r := clustertest.NewAgents(t, node, policy, 3)
				port := clustertest.FreePort(t)
				bind := func(w int) {
					a := clustertest.AskAgent(t, r, w, clustertest.Command{"do": "bind", "socket": "udp4", "options": map[string]any{"port": port, "address": "127.0.0.1"}})
					if a.Error != nil {
						t.Fatal(a.Error)
					}
				}
				for w := 1; w <= 3; w++ {
					bind(w)
				}
				before := answerers(t, port)
				if policy == cluster.SchedSticky && !slices.Equal(before, answerers(t, port)) {
					t.Error("a client's datagrams go to one worker and then to another")
				}
				r.Kill(3, syscall.SIGKILL)
				r.Event(t, "exit", 3)
				r.Event(t, "disconnect", 3)
				if now := answerers(t, port); slices.Contains(now, 3) {
					t.Errorf("a dead worker answers: %v", now)
				}
				r.Ready(r.MustFork())
				bind(4)
				after := answerers(t, port)
				for i, w := range after {
					if policy == cluster.SchedSticky && w != before[i] && (before[i] != 3 || w != 4) {
						t.Errorf("client %d moves from worker %d to %d, and worker 4 has succeeded worker 3", i, before[i], w)
					}
				}
				for _, answered := range []struct {
					by   []int
					want []int
				}{{before, []int{1, 2, 3}}, {after, []int{1, 2, 4}}} {
					slices.Sort(answered.by)
					if got := slices.Compact(answered.by); !slices.Equal(got, answered.want) {
						t.Errorf("workers %v answer, want %v", got, answered.want)
					}
				}
			})
		}
	})
}

// answerers sends a datagram from many addresses, and returns the worker that answers each.
func answerers(t *testing.T, port int) (workers []int) {
	t.Helper()
	for i := range manyClients {
		from := &net.UDPAddr{IP: clientAddress(i).AsSlice()}
		conn, err := net.DialUDP("udp4", from, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		answer := packets{conn}.read(t)
		conn.Close()
		w, err := strconv.Atoi(answer[:len(answer)-len(" hello")])
		if err != nil {
			t.Fatalf("an answer that makes no sense: %q", answer)
		}
		workers = append(workers, w)
	}
	return workers
}

// A worker whose event loop is busy again and again gets next to nothing once that is known, while others are idle. It is so busy
// that others are idle beside it on a busy machine too.
func TestLeastSparesTheBusy(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedLeast, 4)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2, 3, 4)
	clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "block", "every": 3000, "for": 2900})
	serve := func() (worker int, took time.Duration) {
		began := time.Now()
		worker = clustertest.WhoServes(t, "tcp", clustertest.Local(port))
		return worker, time.Since(began)
	}
	if !clustertest.Eventually(func() bool { w, took := serve(); return w == 1 && took > time.Second }) {
		t.Fatal("worker 1 is not busy")
	}
	const connections = 400
	busy := 0
	for i := range connections {
		if w, _ := serve(); w == 1 {
			busy++
		}
		if busy > connections/20 {
			t.Fatalf("worker 1 is busy nearly all of the time and has %d of %d connections", busy, i+1)
		}
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

// Two UDP sockets of a worker that reuse one address are members of one group: a client keeps to its worker, and nothing fails.
func TestPacketGroupOfReusedAddress(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range []cluster.SchedulingPolicy{cluster.SchedReusePort, cluster.SchedSticky} {
			t.Run(string(policy), func(t *testing.T) {
				r := clustertest.NewAgents(t, node, policy, 2)
				port := clustertest.FreePort(t)
				bind := func(w int, name string, reuse bool) clustertest.Answer {
					return clustertest.AskAgent(t, r, w, clustertest.Command{
						"do": "bind", "name": name, "socket": map[string]any{"type": "udp4", "reuseAddr": reuse},
						"options": map[string]any{"port": port, "address": "127.0.0.1"},
					})
				}
				for w := 1; w <= 2; w++ {
					for _, name := range []string{"first", "second"} {
						if a := bind(w, name, true); a.Error != nil {
							t.Fatal(a.Error)
						}
					}
				}
				if a := bind(1, "third", false); a.Error == nil || a.Error.Code != "EADDRINUSE" {
					t.Errorf("a socket that does not reuse the address: %v, want EADDRINUSE", a.Error)
				}
				before := answerers(t, port)
				for w := 1; w <= 2; w++ {
					if !slices.Contains(before, w) {
						t.Errorf("worker %d answers nobody", w)
					}
				}
				if policy == cluster.SchedSticky && !slices.Equal(before, answerers(t, port)) {
					t.Error("a client's datagrams go to one worker and then to another")
				}
				// The first server ends, and the second keeps the group.
				clustertest.CloseServers(t, r, 1, "first")
				clustertest.CloseServers(t, r, 2, "first")
				if after := answerers(t, port); !slices.Contains(after, 1) || !slices.Contains(after, 2) {
					t.Errorf("with one socket each workers %v answer", after)
				}
				if a := bind(1, "again", true); a.Error != nil {
					t.Error(a.Error)
				}
				for _, c := range []struct {
					worker int
					name   string
				}{{1, "again"}, {1, "second"}, {2, "second"}} {
					clustertest.CloseServers(t, r, c.worker, c.name)
				}
				if a := bind(1, "alone", false); a.Error != nil {
					t.Errorf("once all are closed: %v", a.Error)
				}
			})
		}
	})
}
