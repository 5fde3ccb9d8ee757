//go:build linux

package worker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/worker"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func init() {
	program("two servers", serveTwo)
	program("joins often", joinOften)
}

// serveTwo is an application with its metrics, on $PORT and $PORT2. It prints where they listen.
func serveTwo() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) })
	options := worker.ServeOptions{OnListen: func(address net.Addr) { fmt.Println(address) }}
	served := make(chan error)
	for _, variable := range []string{"PORT", "PORT2"} {
		go func() {
			served <- worker.ServeWith(ctx, &http.Server{Handler: handler}, "tcp", "127.0.0.1:"+os.Getenv(variable), options)
		}()
	}
	return errors.Join(<-served, <-served)
}

// A process with two servers is one worker: both serve in the cluster, on one port each for all workers.
func TestTwoServersInOneProcess(t *testing.T) {
	const name = "two servers"
	play := func(u under) {
		ports := []int{clustertest.FreePort(u.t), clustertest.FreePort(u.t)}
		workers := []int{}
		for range 2 {
			w := u.Start(onPort("PORT", ports[0]), onPort("PORT2", ports[1]))
			u.listening(w, 2)
			workers = append(workers, w)
		}
		for _, port := range ports {
			for range 4 {
				get(u.t, port, "/")
			}
		}
		for _, w := range workers {
			u.DisconnectWorker(w)
			u.expectExit(w, 0)
		}
	}
	underOurs(t, name, []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort}, play)
	underNode(t, name, []int{18, 26}, nodePolicies, play)
	t.Run("alone", func(t *testing.T) {
		a := startAlone(t, name, "PORT=0", "PORT2=0")
		for range 2 {
			_, port, err := net.SplitHostPort(a.line())
			if err != nil {
				t.Fatal(err)
			}
			n, _ := strconv.Atoi(port)
			if got := get(t, n, "/"); got != strconv.Itoa(a.Process.Pid) {
				t.Errorf("process %s answers, want %d", got, a.Process.Pid)
			}
		}
		a.signal(syscall.SIGTERM)
		a.expectExit(0)
	})
}

// get asks on a connection of its own, and gives the answer.
func get(t *testing.T, port int, path string) string {
	t.Helper()
	response, err := open(port, path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// open asks on a connection of its own, and gives the answer once its head has come.
func open(port int, path string) (*http.Response, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: clustertest.Patience}
	return client.Get("http://" + clustertest.Local(port) + path)
}

// joinOften joins on many goroutines at once, one of which wants to outlive the primary.
func joinOften() error {
	ctx := context.Background()
	first, err := worker.Join(ctx)
	if err != nil {
		return err
	}
	var joining sync.WaitGroup
	var mu sync.Mutex
	all := map[*worker.Process]error{}
	for i := range 20 {
		joining.Go(func() {
			p, err := worker.JoinWith(ctx, worker.JoinOptions{OutlivePrimary: i == 10})
			mu.Lock()
			defer mu.Unlock()
			all[p] = err
		})
	}
	joining.Wait()
	if err := first.Send(ctx, "ready"); err != nil {
		return err
	}
	<-first.Done()
	last, err := worker.Join(ctx)
	return expected(len(all) == 1 && all[first] == nil && last == first && err == nil && first.IsWorker() &&
		errors.Is(context.Cause(first.Context()), worker.ErrPrimaryLost), "joined", all, last, err)
}

func TestJoinGivesOneProcess(t *testing.T) {
	play := func(u under) {
		w := u.Start()
		clustertest.AwaitReady(u.t, u.Book(), w)
		u.CloseChannel(w)
		u.expectExit(w, asExpected)
	}
	underNode(t, "joins often", []int{18, 26}, nodePolicies[:1], play)
	underOurs(t, "joins often", []cluster.SchedulingPolicy{cluster.SchedRR}, play)
}

// A process that runs alone is one Process too, until it has ended.
func TestJoinGivesOneProcessAlone(t *testing.T) {
	nodetest.NoLeaks(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := join(t, ctx)
	if again := join(t, context.Background()); again != first {
		t.Error("a second Join gives another Process")
	}
	first.Disconnect()
	<-first.Done()
	second := join(t, ctx)
	if second == first || second.Context().Err() != nil {
		t.Error("after its end, Join gives the same Process")
	}
	cancel()
	if third := join(t, context.Background()); third == second || third.Context().Err() != nil {
		t.Error("after the end of its context, Join gives the same Process")
	}
}

// join joins, in a test that runs alone, and leaves at its end.
func join(t *testing.T, ctx context.Context) *worker.Process {
	t.Helper()
	p, err := worker.Join(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// A Join that has failed can be repeated, and never runs alone in place of a worker.
func TestJoinAgainAfterAFailure(t *testing.T) {
	nodetest.NoLeaks(t)
	t.Setenv("NODE_UNIQUE_ID", "7")
	t.Setenv("NODE_CHANNEL_SERIALIZATION_MODE", "json")
	t.Setenv("NODE_CHANNEL_FD", "9999")
	for range 2 {
		if _, err := worker.Join(context.Background()); err == nil || !strings.Contains(err.Error(), "9999") {
			t.Errorf("join by a channel that is not there: %v", err)
		}
	}
	ours, theirs := channelPair(t)
	t.Setenv("NODE_CHANNEL_FD", strconv.Itoa(theirs))
	p, err := worker.JoinWith(context.Background(), worker.JoinOptions{OutlivePrimary: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if !p.IsWorker() || p.ID() != 7 || os.Getenv("NODE_UNIQUE_ID") != "" {
		t.Errorf("worker %v, id %d, NODE_UNIQUE_ID=%q", p.IsWorker(), p.ID(), os.Getenv("NODE_UNIQUE_ID"))
	}
	ours.Close()
	<-p.Done()
	if _, err := p.Receive(context.Background()); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("receive: %v", err)
	}
}
