//go:build unix

package cluster_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// deadlineIn is a context that ends after d, and at the latest with the test.
func deadlineIn(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func expectEnd(t *testing.T, w *cluster.Worker, want nodeipc.ExitStatus) {
	t.Helper()
	select {
	case <-w.Exited():
		if got := w.ExitStatus(); got != want {
			t.Errorf("worker %d ended with %v, want %v", w.ID(), got, want)
		}
	default:
		t.Errorf("worker %d has not ended", w.ID())
	}
}

func TestWorkerShutdown(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		t.Parallel()
		r := clustertest.NewAgents(t, node, cluster.SchedRR, 2)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1, 2)
		w := r.ForkedWorker(1)
		for range 2 {
			if err := w.Shutdown(deadlineIn(t, time.Hour)); err != nil {
				t.Error(err)
			}
		}
		expectEnd(t, w, nodeipc.ExitStatus{})
		if !w.ExitedAfterDisconnect() {
			t.Error("the worker was not asked to leave")
		}
		if by := clustertest.Serves(t, port, 4); by[2] != 4 {
			t.Errorf("connections by worker: %v, want all with worker 2", by)
		}
	})
}

// SIGTERM comes first to a worker that has left and still runs, and later to one that still has a connection.
func TestWorkerShutdownTerminates(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 2)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1)
	client := clustertest.Connect(t, "tcp", clustertest.Local(port))
	client.Worker(t)
	clustertest.AskAgent(t, r, 2, clustertest.Command{"do": "stay"})
	ended := make(chan *cluster.Worker)
	ctx := deadlineIn(t, 4*time.Second)
	for id := 1; id <= 2; id++ {
		w := r.ForkedWorker(id)
		go func() {
			if err := w.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			ended <- w
		}()
	}
	for _, id := range []int{2, 1} {
		w := nodetest.Receive(t, ended, "end of a worker")
		if w.ID() != id {
			t.Errorf("worker %d has ended, want worker %d first", w.ID(), id)
		}
		expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
	}
}

// A worker that has never spoken gets SIGTERM, as any program does that is to end.
func TestWorkerShutdownOfOtherPrograms(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, clustertest.Shell("exec sleep 1000"))
	w := r.MustFork()
	if err := w.Shutdown(deadlineIn(t, time.Hour)); err != nil {
		t.Error(err)
	}
	expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
}

// SIGKILL ends a worker that SIGTERM does not end.
func TestWorkerShutdownKills(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, clustertest.Shell(`trap 'echo "\"term\"" >&3' TERM; echo '"ready"' >&3; while :; do sleep 0.01; done`))
	w := r.MustFork()
	r.Ready(w)
	if err := w.Shutdown(deadlineIn(t, time.Second)); !errors.Is(err, cluster.ErrKilled) {
		t.Errorf("%v, want %v", err, cluster.ErrKilled)
	}
	expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
	r.Await(t, "the worker's word that it was told to end", func(o clustertest.Occurrence) bool { return string(o.Message) == `"term"` })
}

// Without a deadline there is one all the same.
func TestWorkerShutdownByDefault(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 1)
	w := r.ForkedWorker(1)
	clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "stay"})
	if err := w.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
}

func TestWorkerShutdownCancelled(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 1)
	w := r.ForkedWorker(1)
	clustertest.Stop(t, w)
	ctx, cancel := context.WithCancelCause(deadlineIn(t, time.Hour))
	cause := errors.New("no patience")
	cancel(cause)
	if err := w.Shutdown(ctx); !errors.Is(err, cluster.ErrKilled) || !errors.Is(err, cause) {
		t.Errorf("%v, want %v and %v", err, cluster.ErrKilled, cause)
	}
	expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
	if err := w.Shutdown(ctx); err != nil {
		t.Errorf("shutdown after the end: %v", err)
	}
}

// leaver answers with 503 once it has had SIGUSR2, and closes when a client asks it to.
const leaver = `
	const http = require('http');
	let status = 200;
	const leave = () => { status = 503; process.send('told'); };
	process.on('SIGUSR2', leave);
	process.on('message', message => { if (message === 'shutdown') leave(); });
	const server = http.createServer((request, response) => {
		response.writeHead(status, {Connection: 'close'}).end();
		if (request.url === '/close') server.close();
	});
	server.listen(process.env.PORT, '127.0.0.1');`

// A worker that is stopped by its signal, or by a message, goes on to get connections until it closes its servers.
func TestWorkerShutdownBySignalOrMessage(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for policy, method := range map[cluster.SchedulingPolicy]cluster.StopMethod{
			cluster.SchedRR: cluster.StopBySignal, cluster.SchedReusePort: cluster.StopBySignal, cluster.SchedLeast: cluster.StopByMessage,
		} {
			t.Run(string(policy)+", "+string(method), func(t *testing.T) {
				port := clustertest.FreePort(t)
				r := clustertest.NewRig(t, cluster.Settings{
					Exec: nodetest.Script(t, "leaver.js", leaver), ExecPath: node.Path, SchedulingPolicy: policy,
					Env:        []string{"PORT=" + strconv.Itoa(port)},
					StopMethod: method, StopSignal: syscall.SIGUSR2,
				})
				w := r.MustFork()
				r.Listening(t, 1, port)
				ended := make(chan error, 1)
				go func() { ended <- w.Shutdown(deadlineIn(t, time.Hour)) }()
				r.Await(t, "the worker's word that it was told", func(o clustertest.Occurrence) bool { return string(o.Message) == `"told"` })
				expectWorkers(t, r)
				client := clustertest.RealClient(t, false, nil)
				for _, path := range []string{"/", "/", "/close"} {
					response, err := client.Get("http://" + clustertest.Local(port) + path)
					if err != nil {
						t.Fatal(err)
					}
					response.Body.Close()
					if response.StatusCode != 503 {
						t.Errorf("%s is answered with %s, want 503", path, response.Status)
					}
				}
				if err := nodetest.Receive(t, ended, "end of the worker"); err != nil {
					t.Error(err)
				}
				expectEnd(t, w, nodeipc.ExitStatus{})
				if !w.ExitedAfterDisconnect() {
					t.Error("the worker was not asked to leave")
				}
			})
		}
	})
}

// A worker without a handler of the signal ends by it, and another signal than SIGTERM may be chosen for one that goes on.
func TestWorkerShutdownWithOtherSignals(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, method := range []cluster.StopMethod{cluster.StopDisconnect, cluster.StopBySignal} {
		t.Run(string(method), func(t *testing.T) {
			settings := clustertest.AgentSettings(t, nodetest.Default(t))
			settings.StopMethod, settings.StopSignal = method, syscall.SIGUSR2
			r := clustertest.NewRig(t, settings)
			w := r.MustFork()
			r.Ready(w)
			clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "stay"})
			if err := w.Shutdown(deadlineIn(t, time.Hour)); err != nil {
				t.Error(err)
			}
			expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGUSR2})
		})
	}
}

// A worker that takes no notice of the message gets the signal.
func TestWorkerShutdownByMessageThatIsNotHeard(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewRig(t, cluster.Settings{
		Exec:     nodetest.Script(t, "deaf.js", "process.on('message', () => {}); setInterval(() => {}, 1e6); process.send('up');"),
		ExecPath: nodetest.Default(t).Path, StopMethod: cluster.StopByMessage,
	})
	w := r.MustFork()
	r.Event(t, "message", 1)
	if err := w.Shutdown(deadlineIn(t, time.Second)); err != nil {
		t.Error(err)
	}
	expectEnd(t, w, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGTERM})
}

func TestUnknownStopMethod(t *testing.T) {
	const want = `cluster: stop method "gently" is not known; use "disconnect", "signal" or "message"`
	if _, err := cluster.NewPrimary(cluster.Settings{StopMethod: "gently"}); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// All workers are shut down at once, and so is one that is forked meanwhile. The error names who was killed.
func TestShutdownOfAll(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 3)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2)
	clustertest.AskAgent(t, r, 2, clustertest.Command{"do": "stay"})
	clustertest.Stop(t, r.ForkedWorker(3))
	ctx, cancel := context.WithCancel(deadlineIn(t, time.Hour))
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.Shutdown(ctx) }()
	r.Event(t, "exit", 1)
	r.Event(t, "exit", 2)
	late := r.MustFork()
	awaitClosed(t, "gone", late.Gone())
	cancel()
	err := nodetest.Receive(t, ended, "end of all")
	if want := "cluster: shutdown of worker 3: " + cluster.ErrKilled.Error() + ": context canceled"; err == nil || err.Error() != want || !errors.Is(err, cluster.ErrKilled) {
		t.Errorf("%v, want %s", err, want)
	}
	clustertest.ExpectRefusal(t, port)
	if err := r.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown without workers: %v", err)
	}
}

// lasting has a connection until its signal, of which it tells.
const lasting = `
	process.on('SIGTERM', () => process.send('signal', () => process.exit()));
	require('net').createServer((socket) => socket.write('served')).listen(process.env.PORT, '127.0.0.1');`

// Workers with long connections get their signals one after the other when all are shut down, and all before the last quarter of the time.
func TestShutdownOfAllTakesTurns(t *testing.T) {
	nodetest.NoLeaks(t)
	const timeout, workers = 4 * time.Second, 3
	port := clustertest.FreePort(t)
	r := clustertest.NewRig(t, cluster.Settings{
		Exec: nodetest.Script(t, "lasting.js", lasting), ExecPath: nodetest.Default(t).Path, SchedulingPolicy: cluster.SchedRR,
		Env: []string{"PORT=" + strconv.Itoa(port)},
	})
	for id := 1; id <= workers; id++ {
		r.MustFork()
		r.Listening(t, id, port)
	}
	for range workers { // each has one, in turns
		client := clustertest.Connect(t, "tcp", clustertest.Local(port))
		if _, err := io.ReadFull(client, make([]byte, len("served"))); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- r.Shutdown(deadlineIn(t, timeout)) }()
	for i := range workers {
		r.Await(t, "the next worker's word that it has got the signal", func(o clustertest.Occurrence) bool {
			return o.Worker == i+1 && string(o.Message) == `"signal"`
		})
		// A timer may be late, and is never early.
		if at, least := time.Since(begun), timeout/2+timeout/4*time.Duration(i)/(workers-1); at < least {
			t.Errorf("the signal of worker %d comes after %v, want %v or more", i+1, at, least)
		}
	}
	if err := nodetest.Receive(t, ended, "end of all"); err != nil {
		t.Error(err)
	}
	for id := 1; id <= workers; id++ {
		expectEnd(t, r.ForkedWorker(id), nodeipc.ExitStatus{})
	}
}
