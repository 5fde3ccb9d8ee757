//go:build unix

package cluster_test

import (
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func holdingRig(t *testing.T, policy cluster.SchedulingPolicy, hold bool) *clustertest.Rig {
	t.Helper()
	settings := clustertest.AgentSettings(t, nodetest.Default(t))
	settings.SchedulingPolicy, settings.HoldListeners = policy, hold
	r := clustertest.NewRig(t, settings)
	r.Ready(r.MustFork())
	return r
}

// Clients that come while no worker is there are served by the next one.
func TestHeldListeners(t *testing.T) {
	nodetest.NoLeaks(t)
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r := holdingRig(t, policy, true)
		port, path := clustertest.FreePort(t), filepath.Join(t.TempDir(), "socket")
		serve := func(w int) {
			clustertest.ListenAll(t, r, port, w)
			clustertest.Listen(t, r, w, map[string]any{"path": path}, "name", "path")
			clustertest.AskAgent(t, r, w, clustertest.Command{"do": "bind", "socket": "udp4", "options": map[string]any{"port": port, "address": "127.0.0.1"}})
		}
		serve(1)
		r.Kill(1, syscall.SIGKILL)
		r.Event(t, "exit", 1)
		r.Event(t, "disconnect", 1)
		clients := append(clustertest.ConnectAll(t, port, 3), clustertest.Connect(t, "unix", path))
		datagrams := sendUDP(t, port)
		r.Ready(r.MustFork())
		serve(2)
		if by := clustertest.Greetings(t, clients); by[2] != 4 {
			t.Errorf("connections by worker: %v, want 4 with worker 2", by)
		}
		if answer := datagrams.read(t); answer != "2 hello" {
			t.Errorf("the datagram is answered by %q, want worker 2", answer)
		}
		clustertest.HangUp(clients)
		if err := r.Disconnect(clustertest.Patient(t)); err != nil {
			t.Fatal(err)
		}
		clustertest.ExpectRefusal(t, port)
	})
}

type packets struct{ net.Conn }

// sendUDP sends one datagram.
func sendUDP(t *testing.T, port int) packets {
	t.Helper()
	conn, err := net.Dial("udp4", clustertest.Local(port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	return packets{conn}
}

func (p packets) read(t *testing.T) string {
	t.Helper()
	p.SetReadDeadline(time.Now().Add(clustertest.Patience))
	buffer := make([]byte, 100)
	n, err := p.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer[:n])
}

// What the last worker had not answered for waits for the next worker too.
func TestHeldConnections(t *testing.T) {
	nodetest.NoLeaks(t)
	r := holdingRig(t, cluster.SchedRR, true)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1)
	clustertest.Stop(t, r.ForkedWorker(1))
	clients := clustertest.ConnectAll(t, port, 2*window)
	r.Kill(1, syscall.SIGKILL)
	r.Event(t, "exit", 1)
	r.Ready(r.MustFork())
	clustertest.ListenAll(t, r, port, 2)
	if by := clustertest.Greetings(t, clients); by[2] != 2*window {
		t.Errorf("connections by worker: %v, want %d with worker 2", by, 2*window)
	}
}

// Without it, the last worker's end closes what it listened on, and the connections that wait there.
func TestNotHeldListeners(t *testing.T) {
	nodetest.NoLeaks(t)
	clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
		r := holdingRig(t, policy, false)
		port := clustertest.FreePort(t)
		clustertest.ListenAll(t, r, port, 1)
		clustertest.Stop(t, r.ForkedWorker(1))
		clients := clustertest.ConnectAll(t, port, 2*window)
		r.Kill(1, syscall.SIGKILL)
		r.Event(t, "exit", 1)
		r.Event(t, "disconnect", 1)
		clustertest.ExpectRefusal(t, port)
		for _, c := range clients {
			if w, err := c.Greeting(); err == nil {
				t.Errorf("worker %d serves after its end", w)
			}
		}
	})
}

// A worker that leaves by itself leaves its port to the next one, and clients wait. One that closes its server and goes on does not.
func TestHeldWhenLeaving(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, policy := range []cluster.SchedulingPolicy{cluster.SchedRR, cluster.SchedReusePort} {
		t.Run(string(policy), func(t *testing.T) {
			settings := clustertest.AgentSettings(t, nodetest.Default(t))
			settings.SchedulingPolicy, settings.HoldListeners, settings.HoldWhenLeaving = policy, true, true
			r := clustertest.NewRig(t, settings)
			r.Ready(r.MustFork())
			port := clustertest.FreePort(t)
			clustertest.ListenAll(t, r, port, 1)
			r.Tell(1, clustertest.Command{"do": "disconnect"})
			r.Event(t, "exit", 1)
			clients := clustertest.ConnectAll(t, port, 3)
			r.Ready(r.MustFork())
			clustertest.ListenAll(t, r, port, 2)
			if by := clustertest.Greetings(t, clients); by[2] != len(clients) {
				t.Errorf("connections by worker: %v, want all with worker 2", by)
			}
			clustertest.HangUp(clients)
			clustertest.CloseServers(t, r, 2, "tcp")
			if !clustertest.Eventually(func() bool {
				_, err := clustertest.Greeted(port)
				return errors.Is(err, syscall.ECONNREFUSED)
			}) {
				t.Error("the port of a server that was closed is not refused")
			}
			clustertest.ListenAll(t, r, port, 2)
			if w := clustertest.WhoServes(t, "tcp", clustertest.Local(port)); w != 2 {
				t.Errorf("worker %d serves", w)
			}
		})
	}
}
