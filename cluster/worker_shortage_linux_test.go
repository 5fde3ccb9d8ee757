package cluster_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() {
	clustertest.Programs["worker short of descriptors"] = shortWorker
	clustertest.Programs["listens short of descriptors"] = listenShort
}

// shortWorker serves HTTP with room for $ROOM further descriptors until it gets a message, or for good if there is no
// $ROOM. It says when it is ready, and when it is short for the first time.
func shortWorker() error {
	ctx := context.Background()
	self, err := worker.Join(ctx)
	if err != nil {
		return err
	}
	l, err := self.Listen(ctx, "tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		return err
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if room, err := strconv.ParseUint(os.Getenv("ROOM"), 10, 64); err == nil {
		if err := leaveRoomFor(room); err != nil {
			return err
		}
	}
	if err := self.Send(ctx, "ready"); err != nil {
		return err
	}
	var relieved sync.WaitGroup
	relieved.Go(func() {
		if _, err := self.Receive(ctx); err == nil {
			unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
		}
	})
	server := &http.Server{Handler: identityHandler(self), ErrorLog: log.New(&shortageReporter{self: self}, "", 0)}
	err = self.ServeListener(ctx, server, l)
	relieved.Wait()
	return err
}

// shortageReporter takes what a server logs, and tells the primary the first time that it is out of descriptors.
type shortageReporter struct {
	self *worker.Process
	once sync.Once
}

func (r *shortageReporter) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "too many open files; retrying") {
		r.once.Do(func() { r.self.Send(context.Background(), "short") })
		return len(line), nil
	}
	return os.Stderr.Write(line)
}

// shortages are ways to be short of descriptors.
var shortages = []struct {
	name   string
	policy cluster.SchedulingPolicy
	room   int
}{
	{"no connection arrives", cluster.SchedRR, 0},
	{"none can be converted", cluster.SchedRR, 2},
	{"none can be accepted", cluster.SchedNone, 0},
}

// eachShortage runs f with every primary for each shortage. start starts a worker, with room for so many descriptors, if
// that is not negative.
func eachShortage(t *testing.T, f func(t *testing.T, d clustertest.Driver, start func(room int) int, room, port int)) {
	for _, s := range shortages {
		t.Run(s.name, func(t *testing.T) {
			eachPrimary(t, s.policy, func(t *testing.T, d clustertest.Driver) {
				port := nodetest.FreePort(t)
				f(t, d, func(room int) int {
					env := append(clustertest.AsProgram("worker short of descriptors"), fmt.Sprint("PORT=", port))
					if room >= 0 {
						env = append(env, fmt.Sprint("ROOM=", room))
					}
					w := d.Start(env...)
					clustertest.AwaitReady(t, d.Book(), w)
					return w
				}, s.room, port)
			})
		})
	}
}

// eachPrimary runs f with a primary of ours, and the oldest and the newest of Node's, whose workers are programs of this
// file.
func eachPrimary(t *testing.T, policy cluster.SchedulingPolicy, f func(*testing.T, clustertest.Driver)) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("ours", func(t *testing.T) {
		nodetest.NoLeaks(t)
		f(t, clustertest.NewRig(t, cluster.Settings{ExecPath: self, SchedulingPolicy: policy}))
	})
	for _, major := range []int{16, 26} {
		node := nodetest.Node(t, major)
		t.Run(node.Name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			p := clustertest.StartTracingPrimary(t, node, nil)
			p.Program = self
			p.Setup(policy, map[string]any{})
			f(t, p)
		})
	}
}

// askAll has many clients ask at once, of whom all must get an answer, and gives a function that waits for who answered.
func askAll(t *testing.T, port, n int) (by func() map[int]int) {
	t.Helper()
	client := realClient(t, false, nil)
	answers := map[int]int{}
	var mu sync.Mutex
	var asking sync.WaitGroup
	for range n {
		asking.Go(func() {
			answer, _, err := identity(client, "http://"+clustertest.Local(port))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			answers[answer.Worker]++
		})
	}
	return func() map[int]int {
		asking.Wait()
		return answers
	}
}

// A worker that has no descriptors left loses no connection: it serves them all once it has some again.
func TestWorkerShortOfDescriptors(t *testing.T) {
	eachShortage(t, func(t *testing.T, d clustertest.Driver, start func(room int) int, room, port int) {
		w := start(room)
		by := askAll(t, port, 30)
		awaitShort(t, d, w)
		d.Tell(w, "relief")
		if by := by(); by[w] != 30 {
			t.Errorf("answers by worker: %v, want 30 of worker %d", by, w)
		}
	})
}

func awaitShort(t *testing.T, d clustertest.Driver, worker int) {
	t.Helper()
	d.Book().Await(t, "a worker that is short", func(o clustertest.Occurrence) bool { return o.Worker == worker && string(o.Message) == `"short"` })
}

// What a worker has no descriptor for, another serves.
func TestWorkerShortOfDescriptorsBesideAnother(t *testing.T) {
	eachShortage(t, func(t *testing.T, d clustertest.Driver, start func(room int) int, room, port int) {
		start(room)
		good := start(-1)
		if by := askAll(t, port, 30)(); by[good] != 30 {
			t.Errorf("answers by worker: %v, want 30 of worker %d", by, good)
		}
	})
}

// A worker with a socket of its own, which has no descriptor left for what the primary hands to it besides, loses nothing
// either.
func TestWorkerWithASocketShortOfDescriptors(t *testing.T) {
	nodetest.NoLeaks(t)
	port := nodetest.FreePort(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := clustertest.NewRig(t, cluster.Settings{
		ExecPath: self, SchedulingPolicy: cluster.SchedReusePort,
		Env: append(clustertest.AsProgram("worker short of descriptors"), fmt.Sprint("PORT=", port)),
	})
	dies, short := r.MustFork(), r.MustFork("ROOM=2")
	r.Ready(dies)
	r.Ready(short)
	if err := clustertest.StandStill(dies); err != nil {
		t.Fatal(err)
	}
	clients := connectAll(t, port, 30)
	defer hangUp(clients)
	awaitShort(t, r, short.ID())
	r.Signal(dies, syscall.SIGKILL)
	r.Event(t, "exit", dies.ID())
	r.Tell(short.ID(), "relief")
	for _, c := range clients {
		if by := askOn(t, c); by != short.ID() {
			t.Errorf("worker %d answers, want %d", by, short.ID())
		}
	}
}

// askOn asks on a connection who answers.
func askOn(t *testing.T, c net.Conn) (worker int) {
	t.Helper()
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer realIdentity
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Worker
}

// A worker that has room for a few connections at once serves as many as come.
func TestWorkerWithRoomForFewDescriptors(t *testing.T) {
	eachShortage(t, func(t *testing.T, d clustertest.Driver, start func(room int) int, room, port int) {
		w := start(room + 4)
		if by := askAll(t, port, 30)(); by[w] != 30 {
			t.Errorf("answers by worker: %v, want 30 of worker %d", by, w)
		}
	})
}

// listenShort listens without room for the socket, and then with it.
func listenShort() error {
	ctx := context.Background()
	self, err := worker.Join(ctx)
	if err != nil {
		return err
	}
	var limit unix.Rlimit
	if err := errors.Join(unix.Getrlimit(unix.RLIMIT_NOFILE, &limit), leaveRoomFor(0)); err != nil {
		return err
	}
	address := "127.0.0.1:" + os.Getenv("PORT")
	_, stream := self.Listen(ctx, "tcp", address)
	_, packet := self.ListenPacket(ctx, "udp", address)
	for _, err := range []error{stream, packet} {
		var failed *net.OpError
		if !errors.Is(err, unix.EMFILE) || !errors.As(err, &failed) || failed.Op != "listen" {
			return fmt.Errorf("without room for the socket, listen says %v", err)
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	conn, err := self.ListenPacket(ctx, "udp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	l, err := self.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	if err := self.Send(ctx, "ready"); err != nil {
		return err
	}
	return self.ServeListener(ctx, &http.Server{Handler: identityHandler(self)}, l)
}

// A worker is told that it has no room for the socket that it is to listen on, and may listen later.
func TestListenWithoutRoomForTheSocket(t *testing.T) {
	eachPrimary(t, cluster.SchedNone, func(t *testing.T, d clustertest.Driver) {
		port := nodetest.FreePort(t)
		w := d.Start(append(clustertest.AsProgram("listens short of descriptors"), fmt.Sprint("PORT=", port))...)
		clustertest.AwaitReady(t, d.Book(), w)
		if by := askAll(t, port, 5)(); by[w] != 5 {
			t.Errorf("answers by worker: %v, want 5 of worker %d", by, w)
		}
	})
}
