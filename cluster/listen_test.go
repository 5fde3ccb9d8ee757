//go:build unix

package cluster_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// eachAgents runs f for each Node and each policy with a primary that has two agents, workers 1 and 2.
func eachAgents(t *testing.T, f func(t *testing.T, r *clustertest.Rig)) {
	t.Helper()
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range cluster.SchedulingPolicies() {
			t.Run(string(policy), func(t *testing.T) {
				t.Parallel()
				f(t, clustertest.NewAgents(t, node, policy, 2))
			})
		}
	})
}

func TestListen(t *testing.T) {
	eachAgents(t, func(t *testing.T, r *clustertest.Rig) {
		clustertest.Step(t, "port 0 is one port for all workers", func(t *testing.T) { port0(t, r) })
		clustertest.Step(t, "second server of a worker", func(t *testing.T) { secondServer(t, r) })
		clustertest.Step(t, "descriptor", func(t *testing.T) { descriptor(t, r) })
		clustertest.Step(t, "modes of a path", func(t *testing.T) { pathModes(t, r) })
		clustertest.Step(t, "again after close", func(t *testing.T) { listenAgain(t, r) })
	})
}

func port0(t *testing.T, r *clustertest.Rig) {
	any0 := map[string]any{"port": 0, "host": "127.0.0.1"}
	first, second := clustertest.Listen(t, r, 1, any0), clustertest.Listen(t, r, 2, any0)
	if first != second {
		t.Errorf("worker 1 got port %d and worker 2 %d, want one", first, second)
	}
	r.Listening(t, 1, first)
	r.Listening(t, 2, first)
	if other := clustertest.Listen(t, r, 1, any0, "name", "other"); other == first {
		t.Errorf("both servers of worker 1 got port %d", first)
	} else if w := clustertest.WhoServes(t, "tcp", clustertest.Local(other)); w != 1 {
		t.Errorf("worker %d serves a port of worker 1 alone", w)
	}
	clustertest.CloseServers(t, r, 1, "tcp", "other")
	if w := clustertest.WhoServes(t, "tcp", clustertest.Local(first)); w != 2 {
		t.Errorf("worker %d serves after it has closed its server", w)
	}
	clustertest.CloseServers(t, r, 2, "tcp")
	clustertest.ExpectRefusal(t, first)
}

// A second server of one worker does not listen on the same port, nor does its try harm the worker, as it does under
// the newer Nodes' primaries.
func secondServer(t *testing.T, r *clustertest.Rig) {
	options := map[string]any{"port": clustertest.FreePort(t)}
	port := clustertest.Listen(t, r, 1, options)
	a := clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "listen", "name": "second", "options": options})
	if a.Error == nil || a.Error.Code != "EADDRINUSE" || a.Error.Errno != -98 || a.Error.Syscall != "bind" {
		t.Errorf("second server: %v, want bind EADDRINUSE", a.Error)
	}
	if w := clustertest.WhoServes(t, "tcp", clustertest.Local(port)); w != 1 {
		t.Errorf("worker %d serves", w)
	}
	clustertest.CloseServers(t, r, 1, "tcp")
	socket, at := map[string]any{"type": "udp4", "reuseAddr": true}, map[string]any{"port": port}
	for _, name := range []string{"udp", "second"} {
		if a := clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "bind", "name": name, "socket": socket, "options": at}); a.Error != nil {
			t.Errorf("UDP socket %q that reuses its address: %v", name, a.Error)
		}
	}
	clustertest.CloseServers(t, r, 1, "udp", "second")
}

// descriptor has both workers serve a socket of the primary's, and tries some that are not to be had.
func descriptor(t *testing.T, r *clustertest.Rig) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn := clustertest.Connect(t, "tcp", l.Addr().String())
	listening := fdOf(t, l.(*net.TCPListener))
	r.Offer(listening)
	for _, w := range []int{1, 2} {
		clustertest.Listen(t, r, w, map[string]any{"fd": listening})
	}
	if r.SchedulingPolicy() == cluster.SchedReusePort {
		r.ExpectError(t, "no group is made")
	}
	// The first connection that waits is the one above.
	if w := conn.Worker(t); w != 1 && w != 2 {
		t.Errorf("worker %d serves", w)
	}
	conn.Close()
	for _, w := range []int{1, 2} {
		clustertest.CloseServers(t, r, w, "tcp")
	}
	connected, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(connected[0])
	defer unix.Close(connected[1])
	const stderr = 2
	r.Offer(connected[0], stderr)
	clustertest.Listen(t, r, 2, map[string]any{"port": 0})
	defer clustertest.CloseServers(t, r, 2, "tcp")
	for _, fd := range append(listeningDescriptors(t), connected[0], stderr) {
		a := clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "listen", "options": map[string]any{"fd": fd}})
		if a.Error == nil || a.Error.Code != "EINVAL" {
			t.Errorf("listen on descriptor %d of the primary: %v, want EINVAL", fd, a.Error)
		}
	}
	connectedUDP := fdOf(t, clustertest.Connect(t, "udp", l.Addr().String()).Conn.(*net.UDPConn))
	r.Offer(connectedUDP)
	a := clustertest.AskAgent(t, r, 1, clustertest.Command{"do": "bind", "socket": "udp4", "options": map[string]any{"fd": connectedUDP}})
	if a.Error == nil || a.Error.Code != "EINVAL" {
		t.Errorf("bind to a UDP socket with a peer: %v, want EINVAL", a.Error)
	}
}

// listeningDescriptors are the descriptors of this process's listening sockets. A primary's are among them.
func listeningDescriptors(t *testing.T) (fds []int) {
	t.Helper()
	const most = 1 << 10
	for fd := range most {
		if listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && listens != 0 {
			fds = append(fds, fd)
		}
	}
	if len(fds) == 0 {
		t.Error("nothing listens")
	}
	return fds
}

// fdOf returns a duplicate of a socket's descriptor, which stays open until the test ends.
func fdOf(t *testing.T, c syscall.Conn) (fd int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	if err := raw.Control(func(original uintptr) { fd, failed = unix.FcntlInt(original, unix.F_DUPFD_CLOEXEC, 0) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// pathModes expects that a path is opened to others on demand, and goes with the last server.
func pathModes(t *testing.T, r *clustertest.Rig) {
	path := filepath.Join(t.TempDir(), "socket")
	for _, want := range []struct {
		options map[string]any
		mode    os.FileMode
	}{
		{map[string]any{}, 0},
		{map[string]any{"readableAll": true}, 0o444},
		{map[string]any{"writableAll": true}, 0o222},
		{map[string]any{"readableAll": true, "writableAll": true}, 0o666},
	} {
		want.options["path"] = path
		clustertest.Listen(t, r, 1, want.options)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode&want.mode != want.mode {
			t.Errorf("mode %o with %v, want %o in it", mode, want.options, want.mode)
		}
		if w := clustertest.WhoServes(t, "unix", path); w != 1 {
			t.Errorf("worker %d serves", w)
		}
		clustertest.CloseServers(t, r, 1, "tcp")
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("after the last server: %v, want no file", err)
		}
	}
}

func listenAgain(t *testing.T, r *clustertest.Rig) {
	options := map[string]any{"port": clustertest.FreePort(t)}
	for _, w := range []int{1, 2} {
		clustertest.Listen(t, r, w, options)
	}
	for range 3 {
		clustertest.CloseServers(t, r, 1, "tcp")
		clustertest.Listen(t, r, 1, options)
	}
	if w := clustertest.WhoServes(t, "tcp", clustertest.Local(options["port"].(int))); w != 1 && w != 2 {
		t.Errorf("worker %d serves", w)
	}
	for _, w := range []int{1, 2} {
		clustertest.CloseServers(t, r, w, "tcp")
	}
	clustertest.ExpectRefusal(t, options["port"].(int))
}
