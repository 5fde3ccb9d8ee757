//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

func pid(c *nodeipc.Child) string { return fmt.Sprint("pid ", c.Pid()) }

type eacher func(t *testing.T, f func(t *testing.T, r nodetest.Runtime))

// networks runs f for TCP and Unix sockets on each runtime.
func networks(t *testing.T, each eacher, f func(t *testing.T, r nodetest.Runtime, network string)) {
	each(t, func(t *testing.T, r nodetest.Runtime) {
		for _, network := range []string{"tcp", "unix"} {
			t.Run(network, func(t *testing.T) { f(t, r, network) })
		}
	})
}

// Deno has no Unix-socket servers of other processes.
func TestSendServer(t *testing.T) {
	networks(t, nodesAndBun, expectSendServerWorks)
	t.Run("deno", func(t *testing.T) { expectSendServerWorks(t, nodetest.Deno(t), "tcp") })
}

func expectSendServerWorks(t *testing.T, r nodetest.Runtime, network string) {
	t.Helper()
	nodetest.NoLeaks(t)
	child := startScript(t, r, `
		process.on('message', (m, server) => {
			server.on('connection', (socket) => socket.end('pid ' + process.pid));
			process.send(server.constructor.name);
		});`)
	l := listen(t, network)
	sendHandle(t, child.Channel, "server", asHandle(t, l))
	expectJSON(t, child, `"Server"`)
	for range 3 {
		expectAll(t, dial(t, l.Addr()), pid(child))
	}
}

func TestSendSocket(t *testing.T) {
	networks(t, eachRuntime, func(t *testing.T, node nodetest.Runtime, network string) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `process.on('message', (m, socket) => socket.end(m + ' pid ' + process.pid));`)
		l := listen(t, network)
		for range 3 {
			accepted, client := connection(t, l)
			sendHandle(t, child.Channel, "hello from", asHandle(t, accepted))
			expectAll(t, client, "hello from "+pid(child))
		}
	})
}

func TestSendSocketKeepOpen(t *testing.T) {
	networks(t, eachRuntime, func(t *testing.T, node nodetest.Runtime, network string) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			process.on('message', (m, socket) => socket.write('theirs, ', () => {
				socket.destroy();
				process.send('written');
			}));`)
		accepted, client := connection(t, listen(t, network))
		h := asHandle(t, accepted)
		if err := child.SendHandleKeepOpen(patient(t), "keep", h); err != nil {
			t.Fatal(err)
		}
		expectJSON(t, child, `"written"`)
		ours, err := h.Conn()
		if err != nil {
			t.Fatal(err)
		}
		ours.Write([]byte("ours"))
		ours.Close()
		expectAll(t, client, "theirs, ours")
	})
}

func TestSendNativeListener(t *testing.T) {
	networks(t, nodetest.EachNode, func(t *testing.T, node nodetest.Runtime, network string) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			process.on('message', (m, handle) => {
				const server = require('net').createServer((socket) => socket.end('pid ' + process.pid));
				server.listen(handle, () => process.send(handle.constructor.name));
			});`)
		l := listen(t, network)
		sendHandle(t, child.Channel, "native", asHandle(t, l).WithType(handlewrap.NetNative))
		expectJSON(t, child, map[string]string{"tcp": `"TCP"`, "unix": `"Pipe"`}[network])
		expectAll(t, dial(t, l.Addr()), pid(child))
	})
}

func TestSendNativeConnection(t *testing.T) {
	networks(t, nodetest.EachNode, func(t *testing.T, node nodetest.Runtime, network string) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			process.on('message', (m, handle) => new (require('net').Socket)({ handle }).end('pid ' + process.pid));`)
		accepted, client := connection(t, listen(t, network))
		sendHandle(t, child.Channel, "native", asHandle(t, accepted).WithType(handlewrap.NetNative))
		expectAll(t, client, pid(child))
	})
}

func TestSendDgramSocket(t *testing.T) {
	eachRuntime(t, func(t *testing.T, node nodetest.Runtime) {
		for network, address := range map[string]string{"udp4": "127.0.0.1:0", "udp6": "[::1]:0"} {
			t.Run(network, func(t *testing.T) {
				nodetest.NoLeaks(t)
				child := startScript(t, node, `
					process.on('message', (m, socket) => {
						socket.on('message', (data, { port, address }) => socket.send('pid ' + process.pid, port, address));
						process.send(socket.type);
					});`)
				c := packetConn(t, network, address)
				sendHandle(t, child.Channel, "udp", asHandle(t, c))
				expectJSON(t, child, `"`+network+`"`)
				expectAnswer(t, c.LocalAddr(), pid(child))
			})
		}
	})
}

func TestSendDgramNative(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			process.on('message', (m, handle) => {
				const socket = require('dgram').createSocket('udp4');
				socket.on('message', (data, { port, address }) => socket.send('pid ' + process.pid, port, address));
				socket.bind(handle, () => process.send(handle.constructor.name));
			});`)
		c := packetConn(t, "udp4", "127.0.0.1:0")
		sendHandle(t, child.Channel, "udp", asHandle(t, c).WithType(handlewrap.DgramNative))
		expectJSON(t, child, `"UDP"`)
		expectAnswer(t, c.LocalAddr(), pid(child))
	})
}

// boundSocket makes what net.BoundSocket is: bound, and not listening yet.
func boundSocket(t *testing.T) (*handlewrap.Handle, net.Addr) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	h := handlewrap.New(handlewrap.NetBoundSocket, fd)
	t.Cleanup(func() { h.Close() })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return h, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*unix.SockaddrInet4).Port}
}

func TestSendBoundSocket(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Node(t, 26), `
		process.on('message', (m, bound) => {
			const server = require('net').createServer((socket) => socket.end('pid ' + process.pid));
			server.listen(bound, () => process.send([bound.constructor.name, server.address().port]));
		});`)
	h, address := boundSocket(t)
	sendHandle(t, child.Channel, "bound", h)
	expectJSON(t, child, fmt.Sprintf(`["BoundSocket",%d]`, address.(*net.TCPAddr).Port))
	expectAll(t, dial(t, address), pid(child))
}

func TestSendHandleRefuses(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), echoScript)
	closed := asHandle(t, listen(t, "tcp"))
	closed.Close()
	for name, h := range map[string]*handlewrap.Handle{"nil": nil, "closed": closed} {
		if err := child.SendHandle(patient(t), 1, h); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SendHandle, %s: %v", name, err)
		}
		if err := child.SendHandleKeepOpen(patient(t), 1, h); !errors.Is(err, net.ErrClosed) {
			t.Errorf("SendHandleKeepOpen, %s: %v", name, err)
		}
	}
	send(t, child, "the channel goes on")
	expectJSON(t, child, `"the channel goes on"`)
}

// A handle that was sent is the channel's, whatever its sender does with it.
func TestSentHandleIsEmpty(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), `
		process.on('message', (m, server) => server.close(() => process.send(m + ' ' + server.constructor.name)));`)
	for _, name := range []string{"first", "behind the first"} {
		h := asHandle(t, listen(t, "tcp"))
		sendHandle(t, child.Channel, name, h)
		if h.FD() >= 0 {
			t.Errorf("%s: the handle has descriptor %d still", name, h.FD())
		}
		h.Close()
	}
	expectJSON(t, child, `"first Server"`)
	expectJSON(t, child, `"behind the first Server"`)
}

// A handle that could not be sent is still the caller's.
func TestFailedSendLeavesTheHandle(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), echoScript)
	h := asHandle(t, listen(t, "tcp"))
	if err := child.SendHandle(patient(t), func() {}, h); err == nil || h.FD() < 0 {
		t.Errorf("a message that is no JSON: %v, fd %d", err, h.FD())
	}
	child.Close()
	if err := child.SendHandle(context.Background(), 1, h); !errors.Is(err, nodeipc.ErrDisconnected) || h.FD() < 0 {
		t.Errorf("a closed channel: %v, fd %d", err, h.FD())
	}
	if err := child.SendHandleKeepOpen(context.Background(), 1, h); !errors.Is(err, nodeipc.ErrDisconnected) || h.FD() < 0 {
		t.Errorf("a closed channel, keepOpen: %v, fd %d", err, h.FD())
	}
	if _, err := syscall.Getpeername(h.FD()); errors.Is(err, syscall.EBADF) {
		t.Error("the descriptor was closed")
	}
}
