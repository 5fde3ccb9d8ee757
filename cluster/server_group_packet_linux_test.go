package cluster_test

import (
	"net"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

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
