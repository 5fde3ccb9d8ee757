package cluster_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// given are sockets that a primary was given, what workers ask for that know nothing of them, and where clients connect.
type given struct {
	fds     []int
	options map[string]any
	clients [][2]string // network and address
}

// openGiven opens sockets on one port, or on a path, of which clients know the addresses on this machine.
func openGiven(t *testing.T, options map[string]any, on ...[2]string) (g given) {
	t.Helper()
	g.options = options
	_, hasPath := options["path"]
	if !hasPath {
		options["port"] = nodetest.FreePort(t) // in both families, in which one of the system's own choice may be taken
	}
	for _, at := range on {
		network, host := at[0], at[1]
		address := host
		if !hasPath {
			address = net.JoinHostPort(host, fmt.Sprint(options["port"]))
		}
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		if l, ok := l.(*net.UnixListener); ok {
			l.SetUnlinkOnClose(false)
		}
		t.Cleanup(func() { l.Close() })
		g.fds = append(g.fds, fdOf(t, l.(syscall.Conn)))
		if hasPath {
			g.clients = append(g.clients, [2]string{network, address})
			continue
		}
		port := l.Addr().(*net.TCPAddr).Port
		if strings.Contains(host, ":") {
			g.clients = append(g.clients, [2]string{"tcp6", fmt.Sprintf("[::1]:%d", port)})
		}
		if network != "tcp6" {
			g.clients = append(g.clients, [2]string{"tcp4", clustertest.Local(port)})
		}
	}
	return g
}

// forms are what a socket may be bound to, and what a worker may ask for to get it.
func forms(t *testing.T) map[string]given {
	path := filepath.Join(t.TempDir(), "socket")
	all, all4, all6 := [2]string{"tcp", "::"}, [2]string{"tcp4", "0.0.0.0"}, [2]string{"tcp6", "::"}
	return map[string]given{
		"port of ::":                    openGiven(t, map[string]any{}, all),
		"port of 0.0.0.0":               openGiven(t, map[string]any{}, all4),
		"port of :: without IPv4":       openGiven(t, map[string]any{}, all6),
		"port of 0.0.0.0 and ::":        openGiven(t, map[string]any{}, all4, all6),
		":: of ::":                      openGiven(t, map[string]any{"host": "::"}, all),
		"0.0.0.0 of ::":                 openGiven(t, map[string]any{"host": "0.0.0.0"}, all),
		"0.0.0.0 of 0.0.0.0":            openGiven(t, map[string]any{"host": "0.0.0.0"}, all4),
		"IPv6 alone of :: without IPv4": openGiven(t, map[string]any{"host": "::", "ipv6Only": true}, all6),
		"127.0.0.1":                     openGiven(t, map[string]any{"host": "127.0.0.1"}, [2]string{"tcp", "127.0.0.1"}),
		"::1":                           openGiven(t, map[string]any{"host": "::1"}, [2]string{"tcp6", "::1"}),
		"path":                          openGiven(t, map[string]any{"path": path}, [2]string{"unix", path}),
		"abstract name":                 openGiven(t, map[string]any{"path": "\x00nodecluster" + path}, [2]string{"unix", "@nodecluster" + path}),
	}
}

// A worker that knows nothing of the sockets that the primary was given listens on their addresses. Clients that come while no worker
// listens wait, before the first one does and after the last one.
func TestListenOnGiven(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
			r := clustertest.NewAgents(t, node, policy, 2)
			for name, g := range forms(t) {
				clustertest.Step(t, name, func(t *testing.T) { expectGiven(t, r, g) })
			}
			switch policy {
			case cluster.SchedReusePort:
				r.ExpectError(t, "no group is made")
			case cluster.SchedNone:
				r.ExpectError(t, "it has 2 sockets")
			}
		})
	})
}

func expectGiven(t *testing.T, r *clustertest.Rig, g given) {
	r.Offer(g.fds...)
	for range 2 {
		var waiting []*clustertest.Client
		for _, at := range g.clients {
			waiting = append(waiting, clustertest.Connect(t, at[0], at[1]))
		}
		clustertest.Listen(t, r, 1, g.options)
		clustertest.Listen(t, r, 2, g.options)
		for _, c := range waiting {
			c.Worker(t)
		}
		for _, at := range g.clients {
			clustertest.WhoServes(t, at[0], at[1])
		}
		clustertest.HangUp(waiting)
		for _, w := range []int{1, 2} {
			clustertest.CloseServers(t, r, w, "tcp")
		}
	}
	if path, ok := g.options["path"].(string); ok && !strings.HasPrefix(path, "\x00") {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the path has gone with the last server: %v", err)
		}
	}
}

// UDP is as TCP, but that the family of a socket has to be the one that is asked for.
func TestBindToGiven(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		clustertest.EachPolicy(t, func(t *testing.T, policy cluster.SchedulingPolicy) {
			r := clustertest.NewAgents(t, node, policy, 1)
			for _, at := range [][3]string{{"udp4", "", "127.0.0.1"}, {"udp4", "127.0.0.1", "127.0.0.1"}, {"udp6", "::", "::1"}} {
				clustertest.Step(t, at[0]+" "+at[1], func(t *testing.T) { expectGivenPackets(t, r, at[0], at[1], at[2]) })
			}
			if policy == cluster.SchedReusePort || policy == cluster.SchedSticky {
				r.ExpectError(t, "no group is made")
			}
		})
	})
}

func expectGivenPackets(t *testing.T, r *clustertest.Rig, network, host, client string) {
	own, err := net.ListenPacket(network, net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	r.Offer(fdOf(t, own.(syscall.Conn)))
	port := own.LocalAddr().(*net.UDPAddr).Port
	options := map[string]any{"port": port}
	if host != "" {
		options["address"] = host
	}
	for range 2 {
		conn := clustertest.Connect(t, network, net.JoinHostPort(client, fmt.Sprint(port)))
		if _, err := conn.Write([]byte("early")); err != nil {
			t.Fatal(err)
		}
		if a := clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "bind", "socket": network, "options": options}); a.Error != nil {
			t.Fatal(a.Error)
		}
		answer := make([]byte, 64)
		if n, err := conn.Read(answer); err != nil || string(answer[:n]) != "1 early" {
			t.Errorf("the answer is %q, %v", answer[:n], err)
		}
		clustertest.CloseServers(t, r, 1, "udp")
	}
}

// What is not the address of a given socket is as if there were none, and so is what another server has already.
func TestListenBesideGiven(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 1)
	all := openGiven(t, map[string]any{}, [2]string{"tcp4", "0.0.0.0"})
	port := all.options["port"]
	r.Offer(all.fds...)
	inUse := func(name string, options map[string]any) {
		t.Helper()
		a := clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "listen", "name": name, "options": options})
		if a.Error == nil || a.Error.Code != "EADDRINUSE" {
			t.Errorf("%v: %v, want EADDRINUSE", options, a.Error)
		}
	}
	inUse("one", map[string]any{"port": port, "host": "127.0.0.1"})
	said := r.Event(t, "listenError", 1).Err.Error()
	if want := fmt.Sprintf("as descriptor %d is bound to 0.0.0.0:%d: listen there", all.fds[0], port); !strings.Contains(said, want) {
		t.Errorf("the reason is %q, want %q", said, want)
	}
	clustertest.Listen(t, r, 1, map[string]any{"port": port, "host": "::", "ipv6Only": true}, "name", "six")
	clustertest.CloseServers(t, r, 1, "six")
	clustertest.Listen(t, r, 1, map[string]any{"port": port})
	inUse("second", map[string]any{"port": port})
	inUse("third", map[string]any{"port": port, "host": "0.0.0.0"})

	path := filepath.Join(t.TempDir(), "socket")
	r.Offer(openGiven(t, map[string]any{"path": path}, [2]string{"unix", path}).fds...)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	clustertest.Listen(t, r, 1, map[string]any{"path": path}, "name", "path")
	clustertest.WhoServes(t, "unix", path)
}

// A worker may listen on a low port that the primary was given, and on no other.
func TestMinPortOfGiven(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := clustertest.AgentSettings(t, nodetest.Default(t))
	settings.MinPort = 65535
	g := openGiven(t, map[string]any{}, [2]string{"tcp", "::"})
	r := clustertest.AgentsWith(t, settings, 2)
	r.Offer(g.fds...)
	for w := 1; w <= 2; w++ {
		clustertest.Listen(t, r, w, g.options)
	}
	a := clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "listen", "name": "other", "options": map[string]any{"port": clustertest.FreePort(t)}})
	if a.Error == nil || a.Error.Code != "EACCES" {
		t.Errorf("another port: %v, want EACCES", a.Error)
	}
}

// The queue of a given socket stays as long as it was made, unless a program asks for another.
func TestBacklogOfGiven(t *testing.T) {
	nodetest.NoLeaks(t)
	r := clustertest.NewAgents(t, nodetest.Default(t), cluster.SchedRR, 1)
	g := openGiven(t, map[string]any{}, [2]string{"tcp4", "0.0.0.0"})
	if err := syscall.Listen(g.fds[0], 7); err != nil {
		t.Fatal(err)
	}
	r.Offer(g.fds...)
	port := g.options["port"].(int)
	for _, want := range []int{7, 9} {
		if want == 9 {
			g.options["backlog"] = 9
		}
		clustertest.Listen(t, r, 1, g.options)
		if got := backlogOf(t, os.Getpid(), port); got != want {
			t.Errorf("the backlog is %d, want %d", got, want)
		}
		clustertest.CloseServers(t, r, 1, "tcp")
	}
}
