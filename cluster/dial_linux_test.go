package cluster_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// listensOn waits until a worker says that it listens, and returns where.
func listensOn(t *testing.T, r *clustertest.Rig, worker int) cluster.Address {
	t.Helper()
	o := r.Await(t, "a worker that listens", func(o clustertest.Occurrence) bool { return o.Event == "listening" && o.Worker == worker })
	return *o.Address
}

// expectDial connects to a worker, and expects that worker to greet.
func expectDial(t *testing.T, w *cluster.Worker, address cluster.Address) {
	t.Helper()
	conn, err := w.Dial(clustertest.Patient(t), address)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	if got, err := clustertest.NewClient(t, conn).Greeting(); err != nil || got != w.ID() {
		t.Errorf("on a connection to worker %d greets worker %d: %v", w.ID(), got, err)
	}
}

func expectNoDial(t *testing.T, ctx context.Context, w *cluster.Worker, address cluster.Address, want error) {
	t.Helper()
	conn, err := w.Dial(ctx, address)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, want) {
		t.Errorf("dial worker %d on %+v: %v, want %v", w.ID(), address, err, want)
	}
}

// A worker is reached by itself, past the port that it shares, on every runtime and under every policy.
func TestDial(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) { t.Parallel(); dials(t, node) })
	nodetest.DenoAndBun(t, dials)
}

func dials(t *testing.T, runtime nodetest.Runtime) {
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r := clustertest.NewAgents(t, runtime, policy, 2)
		r.ExpectErrors = runtime.Major == 0
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, 2)
		if runtime.Major == 0 && policy == cluster.SchedNone {
			expectNoDial(t, clustertest.Patient(t), r.ForkedWorker(1), listensOn(t, r, 1), errors.ErrUnsupported)
			return
		}
		for range 3 {
			for w := 1; w <= 2; w++ {
				expectDial(t, r.ForkedWorker(w), listensOn(t, r, w))
			}
		}
	})
}

func TestDialGoWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r, _ := goGroup(t, policy, 2)
		for w := 1; w <= 2; w++ {
			expectDial(t, r.ForkedWorker(w), listensOn(t, r, w))
		}
	})
}

// Whatever a worker listens on can be dialed by the address that it says, and nothing else.
func TestDialAddresses(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
			file, _ := clustertest.ListeningFile(t)
			fd := int(file.Fd())
			r := clustertest.NewAgents(t, node, policy, 1)
			r.Offer(fd)
			w := r.ForkedWorker(1)
			for name, options := range map[string]map[string]any{
				"any port": {"port": 0, "host": "127.0.0.1"}, "unspecified": {"port": 0}, "IPv6": {"port": 0, "host": "::1"},
				"descriptor": {"fd": fd}, "path": {"path": filepath.Join(t.TempDir(), "socket")},
			} {
				before := len(r.All())
				clustertest.Listen(t, r, 1, options, "name", name)
				for _, o := range r.All()[before:] {
					if o.Event == "listening" {
						expectDial(t, w, *o.Address)
					}
				}
			}
			if policy == cluster.SchedReusePort {
				r.ExpectError(t, "no group is made")
			}
			udp := cluster.Address{Port: 1, AddressType: "udp4", FD: -1}
			expectNoDial(t, clustertest.Patient(t), w, udp, errors.ErrUnsupported)
			expectNoDial(t, clustertest.Patient(t), w, cluster.Address{Port: 1, AddressType: "4", FD: -1}, syscall.ECONNREFUSED)
		})
	})
}

// A dial ends with an error when the worker refuses, closes its server, or ends, and with its context.
func TestDialEnds(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		r := clustertest.NewAgents(t, node, cluster.SchedRR, 2)
		port := clustertest.FreePort(t)
		descriptors := clustertest.OpenDescriptors(t)
		clustertest.Listen(t, r, 1, map[string]any{"port": port, "host": "127.0.0.1"}, "maxConnections", 1)
		w, address := r.ForkedWorker(1), listensOn(t, r, 1)
		clustertest.Step(t, "maxConnections", func(t *testing.T) {
			held, err := w.Dial(clustertest.Patient(t), address)
			if err != nil {
				t.Fatal(err)
			}
			expectNoDial(t, clustertest.Patient(t), w, address, syscall.ECONNREFUSED)
			held.Close()
			if !clustertest.Eventually(func() bool {
				conn, err := w.Dial(clustertest.Patient(t), address)
				if err == nil {
					conn.Close()
				}
				return err == nil
			}) {
				t.Error("a worker that has room again takes no connection")
			}
		})
		clustertest.Step(t, "the context", func(t *testing.T) {
			clustertest.Stop(t, w)
			ctx, cancel := context.WithCancel(context.Background())
			var dials sync.WaitGroup
			for range 40 { // more than may be on their way
				dials.Go(func() { expectNoDial(t, ctx, w, address, context.Canceled) })
			}
			cancel()
			dials.Wait()
			r.Kill(1, syscall.SIGCONT)
			if !clustertest.Eventually(func() bool { return clustertest.OpenDescriptors(t) <= descriptors+1 }) {
				t.Errorf("%d descriptors after dials that were given up, before %d", clustertest.OpenDescriptors(t), descriptors)
			}
		})
		clustertest.Step(t, "the worker", func(t *testing.T) {
			clustertest.Stop(t, w)
			ctx := clustertest.Patient(t)
			ends := make(chan error, 40)
			for range cap(ends) {
				go func() {
					_, err := w.Dial(ctx, address)
					ends <- err
				}()
			}
			r.Kill(1, syscall.SIGKILL)
			r.Event(t, "exit", 1)
			for range cap(ends) {
				err := nodetest.Receive(t, ends, "end of a dial")
				if !errors.Is(err, nodeipc.ErrDisconnected) && !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("dial of a worker that ends: %v", err)
				}
			}
			expectNoDial(t, ctx, w, address, syscall.ECONNREFUSED)
			if !clustertest.Eventually(func() bool { return clustertest.OpenDescriptors(t) <= descriptors }) {
				t.Errorf("%d descriptors after dials to a worker that has ended, before %d", clustertest.OpenDescriptors(t), descriptors)
			}
		})
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		expectNoDial(t, clustertest.Patient(t), r.ForkedWorker(2), address, nodeipc.ErrDisconnected)
	})
}

// A worker sees a client of this machine, and reads and answers as ever.
func TestDialedHTTP(t *testing.T) {
	nodetest.NoLeaks(t)
	script := nodetest.Script(t, "server.js", `
		require('http').createServer((request, response) => {
			response.setHeader('Connection', 'close');
			response.end(request.socket.remoteAddress + ' ' + request.url);
		}).listen(0, '127.0.0.1');`)
	r := clustertest.NewRig(t, cluster.Settings{Exec: script, ExecPath: nodetest.Default(t).Path})
	w := r.MustFork()
	conn, err := w.Dial(clustertest.Patient(t), listensOn(t, r, w.ID()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	const want = "127.0.0.1 /healthz"
	if err != nil || len(answer) < len(want) || string(answer[len(answer)-len(want):]) != want {
		t.Errorf("%q, %v, want %q at the end", answer, err, want)
	}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		t.Errorf("the connection is to %v", conn.RemoteAddr())
	}
}
