//go:build unix

package cluster_test

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"golang.org/x/sys/unix"
)

// listenAll has workers listen on a port.
func listenAll(t testing.TB, r *clustertest.Rig, port int, workers ...int) {
	t.Helper()
	for _, w := range workers {
		clustertest.Listen(t, r, w, map[string]any{"port": port, "host": "127.0.0.1"})
	}
}

func connectAll(t testing.TB, port, n int) (clients []*clustertest.Client) {
	t.Helper()
	for range n {
		clients = append(clients, clustertest.Connect(t, "tcp", clustertest.Local(port)))
	}
	return clients
}

// greetings waits for all and counts them by worker.
func greetings(t testing.TB, clients []*clustertest.Client) map[int]int {
	t.Helper()
	by := map[int]int{}
	for _, c := range clients {
		by[c.Worker(t)]++
	}
	return by
}

func hangUp(clients []*clustertest.Client) {
	for _, c := range clients {
		c.Close()
	}
}

// stop sends SIGSTOP and waits until the worker stands still.
func stop(t testing.TB, w *cluster.Worker) {
	t.Helper()
	if err := standStill(w); err != nil {
		t.Fatal(err)
	}
}

func standStill(w *cluster.Worker) error {
	if err := w.Kill(syscall.SIGSTOP); err != nil {
		return err
	}
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(w.Pid(), &status, unix.WUNTRACED, nil)
		switch {
		case err == unix.EINTR:
		case err != nil || !status.Stopped():
			return fmt.Errorf("worker %d does not stop: %v, %w", w.ID(), status, err)
		default:
			return nil
		}
	}
}

// step runs a part of a test without which the rest makes no sense.
func step(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, f) {
		t.FailNow()
	}
}

func closeServers(t testing.TB, d clustertest.Driver, worker int, names ...string) {
	t.Helper()
	for _, name := range names {
		clustertest.AskAgent(t, d, worker, clustertest.Command{"do": "close", "name": name})
	}
}

func eachPolicy(t *testing.T, f func(t *testing.T, policy cluster.SchedulingPolicy)) {
	t.Helper()
	for _, policy := range cluster.SchedulingPolicies() {
		t.Run(string(policy), func(t *testing.T) { f(t, policy) })
	}
}

func expectRefusal(t *testing.T, port int) {
	t.Helper()
	clustertest.AwaitForks(t)
	conn, err := net.Dial("tcp", clustertest.Local(port))
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connect: %v, want %v", err, syscall.ECONNREFUSED)
	}
}
