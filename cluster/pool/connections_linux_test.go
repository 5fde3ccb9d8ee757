package pool_test

import (
	"errors"
	"net"
	"slices"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// What clients have open is counted where the primary hands it out and where workers accept it by themselves, while a worker stands still
// and while it leaves. Connections that the worker makes are not counted, nor those that have ended.
func TestOpenConnections(t *testing.T) {
	nodetest.NoLeaks(t)
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		port := clustertest.FreePort(t)
		settings := clustertest.Greeters(port)
		settings.SchedulingPolicy = policy
		r := newRig(t, settings, pool.Options{Instances: 1})
		r.Listening(t, 1, port)
		w := r.Worker(1)
		var clients []net.Conn
		for range 3 {
			conn, err := net.Dial("tcp", clustertest.Local(port))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			clients = append(clients, conn)
		}
		expectOpen(t, r, w, 3)
		clients[0].Close()
		expectOpen(t, r, w, 2)
		w.Kill(syscall.SIGSTOP)
		w.Disconnect()
		expectOpen(t, r, w, 2)
		w.Kill(syscall.SIGKILL)
		<-w.Exited()
		if open, err := r.OpenConnections(clustertest.Patient(t), w); !errors.Is(err, cluster.ErrClosed) && !slices.Equal(open, []int{-1}) {
			t.Errorf("of a worker that has ended: %v, %v", open, err)
		}
	})
}

func expectOpen(t *testing.T, r *rig, w *cluster.Worker, want int) {
	t.Helper()
	var open []int
	var err error
	if !clustertest.Eventually(func() bool {
		open, err = r.OpenConnections(clustertest.Patient(t), w)
		return slices.Equal(open, []int{want})
	}) {
		t.Errorf("%d connections are open, %v, want %d", open, err, want)
	}
}
