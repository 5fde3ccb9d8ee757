package cluster_test

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// forkStandby forks a worker on standby that is the successor of another, if before is not nil, and waits until it takes commands.
func forkStandby(t *testing.T, r *clustertest.Rig, before *cluster.Worker) *cluster.Worker {
	t.Helper()
	w := startStandby(t, r, before)
	r.Ready(w)
	return w
}

func startStandby(t *testing.T, r *clustertest.Rig, before *cluster.Worker) *cluster.Worker {
	t.Helper()
	settings := r.Settings()
	settings.Standby = true
	w, err := r.ForkSuccessor(before, settings)
	if err != nil {
		t.Fatal(err)
	}
	r.Keep(w)
	return w
}

// tellToListen has an agent listen, which it need not do at once.
func tellToListen(r *clustertest.Rig, w *cluster.Worker, options map[string]any) {
	r.Tell(w.ID(), clustertest.Command{"do": "listen", "options": options, "n": 0})
}

func onLocal(port int) map[string]any { return map[string]any{"port": port, "host": "127.0.0.1"} }

// awaitPending waits until a worker waits on standby to listen.
func awaitPending(t *testing.T, r *clustertest.Rig, w *cluster.Worker) {
	t.Helper()
	r.Event(t, "listenPending", w.ID())
}

// A worker on standby listens, and is reached by Dial alone until it is activated.
func TestStandby(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, standsBy)
	nodetest.DenoAndBun(t, standsBy)
}

func standsBy(t *testing.T, runtime nodetest.Runtime) {
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		if !takesShared(runtime, policy) {
			return
		}
		r := clustertest.AgentsWith(t, chosenByKernel(clustertest.AgentSettings(t, runtime), policy), 1)
		r.ExpectErrors = runtime.Major == 0
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1)
		w := forkStandby(t, r, nil)
		tellToListen(r, w, onLocal(port))
		if policy == cluster.SchedNone {
			awaitPending(t, r, w)
		} else {
			expectDial(t, w, listensOn(t, r, w.ID()))
		}
		expectAllServe(t, port, 1)
		if !w.IsStandby() {
			t.Error("the worker is not on standby before it is activated")
		}
		w.Activate()
		r.Listening(t, w.ID(), port)
		expectBothServe(t, r, policy, port)
		if w.IsStandby() {
			t.Error("the worker is on standby after it was activated")
		}
	})
}

// takesShared reports whether workers on a runtime serve under a policy: Deno's accept from no socket that is shared.
func takesShared(runtime nodetest.Runtime, policy cluster.SchedulingPolicy) bool {
	return runtime.Name != "deno" || policy != cluster.SchedNone
}

// expectBothServe expects workers 1 and 2 to get connections. One that accepts from a shared socket may leave all to the other.
func expectBothServe(t *testing.T, r *clustertest.Rig, policy cluster.SchedulingPolicy, port int) {
	t.Helper()
	if policy != cluster.SchedNone {
		expectAllServe(t, port, 1, 2)
		return
	}
	clustertest.Stop(t, r.ForkedWorker(1))
	expectAllServe(t, port, 2)
	r.Signal(r.ForkedWorker(1), syscall.SIGCONT)
}

// What comes before there is a worker that is not on standby waits.
func TestFirstWorkerOnStandby(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort, cluster.SchedSticky} {
		t.Run(string(policy), func(t *testing.T) {
			port := clustertest.FreePort(t)
			r := clustertest.NewRig(t, chosenByKernel(clustertest.Greeters(port), policy))
			standby, other := startStandby(t, r, nil), startStandby(t, r, nil)
			r.Listening(t, standby.ID(), port)
			r.Listening(t, other.ID(), port)
			clients := connectFromMany(t, port, 3)
			expectDial(t, standby, listensOn(t, r, standby.ID()))
			other.Activate()
			expectServers(t, clients, other.ID())
			standby.Activate()
			expectAllServe(t, port, standby.ID(), other.ID())
		})
	}
}

// After the first answer of a worker that was activated, no connection that begins then is served by one of the others.
func TestSwitch(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range cluster.SchedulingPolicies() {
			if policy != cluster.SchedNone {
				t.Run(string(policy), func(t *testing.T) {
					settings := clustertest.AgentSettings(t, node)
					settings.SchedulingPolicy = policy
					switches(t, clustertest.NewRig(t, settings), func(r *clustertest.Rig, w *cluster.Worker, port int) {
						r.Ready(w)
						clustertest.ListenAll(t, r, port, w.ID())
					}, clustertest.FreePort(t))
				})
			}
		}
	})
}

func TestSwitchOfGoWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort, cluster.SchedSticky} {
		t.Run(string(policy), func(t *testing.T) {
			port := clustertest.FreePort(t)
			settings := clustertest.Greeters(port)
			settings.SchedulingPolicy = policy
			switches(t, clustertest.NewRig(t, settings), func(r *clustertest.Rig, w *cluster.Worker, port int) {
				r.Listening(t, w.ID(), port)
			}, port)
		})
	}
}

func switches(t *testing.T, r *clustertest.Rig, listen func(*clustertest.Rig, *cluster.Worker, int), port int) {
	const workers, rounds = 2, 3
	var now []*cluster.Worker
	for range workers {
		w := r.MustFork()
		listen(r, w, port)
		now = append(now, w)
	}
	var newest atomic.Int32 // id of a worker of the newest release that has answered
	var stop atomic.Bool
	var asking sync.WaitGroup
	defer asking.Wait()
	defer stop.Store(true)
	for i := range 6 {
		asking.Go(func() {
			for !stop.Load() {
				before := newest.Load()
				got, err := greetedFrom(t, clientAddress(i), port)
				if release := int32(got-1) / workers; err != nil || release < before {
					t.Errorf("worker %d answers, of release %d after %d: %v", got, release, before, err)
				} else {
					raise(&newest, release)
				}
			}
		})
	}
	for round := range rounds {
		var next []*cluster.Worker
		for _, before := range now {
			w := startStandby(t, r, before)
			listen(r, w, port)
			next = append(next, w)
		}
		r.Switch(next, now)
		if !clustertest.Eventually(func() bool { return newest.Load() == int32(round+1) || t.Failed() }) {
			t.Fatal("none of the activated workers answers")
		}
		for _, w := range now {
			w.Disconnect()
			awaitClosed(t, "gone", w.Gone())
		}
		now = next
	}
}

// greetedFrom opens a connection from an address and returns the worker that greets.
func greetedFrom(t *testing.T, from netip.Addr, port int) (worker int, err error) {
	conn, err := dialFrom(from, port)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return clustertest.NewClient(t, conn).Greeting()
}

// raise sets a value to a higher one.
func raise(v *atomic.Int32, to int32) {
	for old := v.Load(); old < to && !v.CompareAndSwap(old, to); old = v.Load() {
	}
}

// The clients of a worker are those of its successor after the switch.
func TestSwitchKeepsPlaces(t *testing.T) {
	nodetest.NoLeaks(t)
	r, port := goGroup(t, cluster.SchedSticky, 3)
	const clients = 100
	before := whose(t, port, clients, 1)
	var old, next []*cluster.Worker
	for id := 3; id >= 1; id-- { // another order than that of the places
		w := startStandby(t, r, r.ForkedWorker(id))
		r.Listening(t, w.ID(), port)
		old, next = append(old, r.ForkedWorker(id)), append(next, w)
	}
	if got := whose(t, port, clients, 1); !slices.Equal(got, before) {
		t.Errorf("clients have moved before the switch: %v, before %v", got, before)
	}
	r.Switch(next, old)
	for i, w := range whose(t, port, clients, 1) {
		if want := next[3-before[i]].ID(); w != want {
			t.Errorf("%s was worker %d's and is worker %d's, want %d", clientAddress(i), before[i], w, want)
		}
	}
}

// A worker on standby that is activated after another one has died has the clients of that one.
func TestStandbyTakesThePlaceOfTheDead(t *testing.T) {
	nodetest.NoLeaks(t)
	r, port := goGroup(t, cluster.SchedSticky, 3)
	const clients = 100
	before := whose(t, port, clients, 1)
	spare := startStandby(t, r, nil)
	r.Listening(t, spare.ID(), port)
	r.Kill(2, syscall.SIGKILL)
	r.Event(t, "exit", 2)
	r.Event(t, "disconnect", 2)
	spare.Activate()
	for i, w := range whose(t, port, clients, 1) {
		if want := map[int]int{1: 1, 2: spare.ID(), 3: 3}[before[i]]; w != want {
			t.Errorf("%s was worker %d's and is worker %d's, want %d", clientAddress(i), before[i], w, want)
		}
	}
}

// Datagrams go to nobody on standby, and go to it after the switch.
func TestStandbyOfUDP(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort, cluster.SchedSticky} {
		t.Run(string(policy), func(t *testing.T) {
			r := clustertest.NewAgents(t, nodetest.Default(t), policy, 1)
			port := clustertest.FreePort(t)
			bind := clustertest.Command{"do": "bind", "socket": "udp4", "options": map[string]any{"port": port, "address": "127.0.0.1"}}
			clustertest.AskAgent(t, r, 1, bind)
			w := forkStandby(t, r, r.ForkedWorker(1))
			r.Tell(w.ID(), bind)
			if policy == cluster.SchedRR {
				awaitPending(t, r, w)
			} else {
				r.Event(t, "listening", w.ID())
			}
			for range 20 {
				if got := clustertest.AskUDP(t, "udp", clustertest.Local(port), "x"); got != "1 x" {
					t.Fatalf("worker 2 answers on standby: %q", got)
				}
			}
			r.Switch([]*cluster.Worker{w}, []*cluster.Worker{r.ForkedWorker(1)})
			r.Event(t, "listening", w.ID())
			r.DisconnectWorker(1)
			r.Event(t, "exit", 1)
			if got := clustertest.AskUDP(t, "udp", clustertest.Local(port), "x"); got != "2 x" {
				t.Errorf("after the switch %q answers", got)
			}
		})
	}
}

// A worker on standby may leave, end or be killed at any time, whether it waits in listen or not, and the others serve.
func TestStandbyEnds(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, standbyEnds)
	nodetest.DenoAndBun(t, standbyEnds)
}

func standbyEnds(t *testing.T, runtime nodetest.Runtime) {
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort, cluster.SchedSticky, cluster.SchedNone} {
		t.Run(string(policy), func(t *testing.T) {
			if !takesShared(runtime, policy) {
				return
			}
			r := clustertest.NewAgents(t, runtime, policy, 1)
			r.ExpectErrors = true
			port := clustertest.FreePort(t)
			clustertest.ListenAll(t, r, port, 1)
			listen := func() *cluster.Worker {
				w := forkStandby(t, r, nil)
				tellToListen(r, w, onLocal(port))
				if policy == cluster.SchedNone {
					awaitPending(t, r, w)
				} else {
					r.Listening(t, w.ID(), port)
				}
				return w
			}
			for name, end := range map[string]func(*cluster.Worker){
				"is killed":       func(w *cluster.Worker) { r.Kill(w.ID(), syscall.SIGKILL) },
				"is disconnected": func(w *cluster.Worker) { w.Disconnect() },
				"is shut down":    func(w *cluster.Worker) { go w.Shutdown(clustertest.Patient(t)) },
				"leaves":          func(w *cluster.Worker) { r.Tell(w.ID(), clustertest.Command{"do": "disconnect"}) },
			} {
				t.Run(name, func(t *testing.T) {
					w := listen()
					end(w)
					awaitClosed(t, "gone", w.Gone())
					w.Activate() // comes too late
					expectAllServe(t, port, 1)
				})
			}
			w := listen()
			r.Kill(1, syscall.SIGKILL)
			r.Event(t, "exit", 1)
			w.Activate()
			r.Listening(t, w.ID(), port)
			expectAllServe(t, port, w.ID())
		})
	}
}

// All workers may be on standby when the primary is shut down.
func TestShutdownOnStandby(t *testing.T) {
	nodetest.NoLeaks(t)
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r := clustertest.NewAgents(t, nodetest.Default(t), policy, 0)
		port := clustertest.FreePort(t)
		for range 2 {
			w := forkStandby(t, r, nil)
			tellToListen(r, w, onLocal(port))
			if policy == cluster.SchedNone {
				awaitPending(t, r, w)
			} else {
				r.Listening(t, w.ID(), port)
			}
		}
		if err := r.Shutdown(clustertest.Patient(t)); err != nil {
			t.Error(err)
		}
		clustertest.ExpectRefusal(t, port)
	})
}

// A worker on standby is told at once that it cannot listen.
func TestStandbyCannotListen(t *testing.T) {
	nodetest.NoLeaks(t)
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r := clustertest.NewAgents(t, nodetest.Default(t), policy, 0)
		w := forkStandby(t, r, nil)
		a := clustertest.AskAgent(t, r, w.ID(), clustertest.Command{"do": "listen", "options": onLocal(clustertest.TakePort(t))})
		if a.Error == nil || a.Error.Code != "EADDRINUSE" {
			t.Errorf("it listens on a port that is taken: %+v", a)
		}
	})
}

// What a worker on standby waits for is bounded.
func TestStandbyAsksForTooMuch(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, cluster.Settings{
		ExecPath: os.Args[0], Args: []string{"flood of servers"}, Env: clustertest.AsProgram("hostile"),
		SchedulingPolicy: cluster.SchedNone, Standby: true,
	})
	r.ExpectErrors = true
	w := r.MustFork()
	if o := r.Event(t, "disconnect", w.ID()); !errors.Is(o.Err, nodeipc.ErrProtocol) {
		t.Errorf("the channel ends with %v, want %v", o.Err, nodeipc.ErrProtocol)
	}
}

// A worker on standby that is suspended too gets connections once both have ended, in whichever order.
func TestStandbyOfOneThatIsSuspended(t *testing.T) {
	nodetest.NoLeaks(t)
	eachSuspending(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r := clustertest.NewAgents(t, nodetest.Default(t), policy, 1)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1)
		ends := []func(*cluster.Worker){(*cluster.Worker).Activate, (*cluster.Worker).ResumeConnections}
		for range 2 {
			settings := r.Settings()
			settings.Standby, settings.StartSuspended = true, true
			w, err := r.ForkSuccessor(nil, settings)
			if err != nil {
				t.Fatal(err)
			}
			r.Keep(w)
			r.Ready(w)
			tellToListen(r, w, onLocal(port))
			r.Listening(t, w.ID(), port)
			ends[0](w)
			expectAllServe(t, port, 1)
			ends[1](w)
			expectAllServe(t, port, 1, w.ID())
			slices.Reverse(ends)
			w.Disconnect()
			r.Event(t, "exit", w.ID())
		}
	})
}
