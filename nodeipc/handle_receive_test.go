//go:build unix

package nodeipc_test

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// where is what a script's server listens on.
func where(t *testing.T, network string) string {
	if network == "tcp" {
		return `{ port: 0, host: '127.0.0.1' }`
	}
	return fmt.Sprintf(`{ path: %q }`, filepath.Join(t.TempDir(), "s"))
}

func expectServes(t *testing.T, l net.Listener) {
	t.Helper()
	defer l.Close()
	for range 3 {
		accepted, client := connection(t, l)
		accepted.Write([]byte("served by Go"))
		accepted.Close()
		expectAll(t, client, "served by Go")
	}
}

// Deno has no Unix-socket servers of other processes.
func TestReceiveServer(t *testing.T) {
	networks(t, nodesAndBun, expectReceiveServerWorks)
	t.Run("deno", func(t *testing.T) { expectReceiveServerWorks(t, nodetest.Deno(t), "tcp") })
}

func expectReceiveServerWorks(t *testing.T, r nodetest.Runtime, network string) {
	t.Helper()
	nodetest.NoLeaks(t)
	child := startScript(t, r, `
		const server = require('net').createServer(() => process.send('accepted by Node'));
		server.listen(`+where(t, network)+`, () => process.send('server', server, () => process.disconnect()));
		process.on('disconnect', () => process.exit());`)
	h := receiveHandle(t, child, handlewrap.NetServer)
	expectExitZero(t, child)
	l, err := h.Listener()
	if err != nil {
		t.Fatal(err)
	}
	expectServes(t, l)
}

func TestReceiveSocket(t *testing.T) {
	networks(t, eachRuntime, func(t *testing.T, node nodetest.Runtime, network string) {
		nodetest.NoLeaks(t)
		l := listen(t, network)
		to := fmt.Sprintf(`{ path: %q }`, l.Addr())
		if tcp, ok := l.Addr().(*net.TCPAddr); ok {
			to = fmt.Sprintf(`{ port: %d, host: '127.0.0.1' }`, tcp.Port)
		}
		child := startScript(t, node, `
			const socket = require('net').connect(`+to+`, () => process.send({ a: 'socket' }, socket));`)
		far := accept(t, l)
		near, err := receiveHandle(t, child, handlewrap.NetSocket).Conn()
		if err != nil {
			t.Fatal(err)
		}
		near.Write([]byte("written by Go"))
		near.Close()
		expectAll(t, far, "written by Go")
	})
}

func TestReceiveNative(t *testing.T) {
	networks(t, nodetest.EachNode, func(t *testing.T, node nodetest.Runtime, network string) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			const server = require('net').createServer();
			server.listen(`+where(t, network)+`, () => process.send('native', server._handle, () => process.disconnect()));
			process.on('disconnect', () => process.exit());`)
		h := receiveHandle(t, child, handlewrap.NetNative)
		expectExitZero(t, child)
		l, err := h.Listener()
		if err != nil {
			t.Fatal(err)
		}
		expectServes(t, l)
	})
}

func TestReceiveDgram(t *testing.T) {
	eachRuntime(t, func(t *testing.T, node nodetest.Runtime) {
		for _, c := range []struct {
			handle, network, host string
			typ                   handlewrap.Type
		}{
			{"socket", "udp4", "127.0.0.1", handlewrap.DgramSocket},
			{"socket", "udp6", "::1", handlewrap.DgramSocket},
		} {
			t.Run(c.network, func(t *testing.T) {
				nodetest.NoLeaks(t)
				child := startScript(t, node, fmt.Sprintf(`
					const socket = require('dgram').createSocket(%q);
					socket.bind(0, %q, () => process.send('udp', %s, () => process.disconnect()));
					process.on('disconnect', () => socket.close());`, c.network, c.host, c.handle))
				h := receiveHandle(t, child, c.typ)
				if h.DgramType() != c.network {
					t.Errorf("dgramType %q", h.DgramType())
				}
				expectExitZero(t, child)
				server, err := h.PacketConn()
				if err != nil {
					t.Fatal(err)
				}
				defer server.Close()
				go func() {
					question := make([]byte, 100)
					if _, from, err := server.ReadFrom(question); err == nil {
						server.WriteTo([]byte("answered by Go"), from)
					}
				}()
				expectAnswer(t, server.LocalAddr(), "answered by Go")
			})
		}
	})
}

// A raw UDP handle is what cluster's primary sends; Node has no public way to it.
func TestReceiveDgramNative(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			const socket = require('dgram').createSocket('udp4');
			const state = Object.getOwnPropertySymbols(socket).find((s) => s.toString() === 'Symbol(state symbol)');
			socket.bind(0, '127.0.0.1', () => process.send('udp', socket[state].handle, () => process.disconnect()));
			process.on('disconnect', () => socket.close());`)
		h := receiveHandle(t, child, handlewrap.DgramNative)
		expectExitZero(t, child)
		server, err := h.PacketConn()
		if err != nil {
			t.Fatal(err)
		}
		server.Close()
	})
}

func TestReceiveBoundSocket(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Node(t, 26), `
		const bound = new (require('net').BoundSocket)({ port: 0, host: '127.0.0.1' });
		process.send('bound', bound);`)
	l, err := receiveHandle(t, child, handlewrap.NetBoundSocket).Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	expectServes(t, l)
}

// What nobody receives is closed with the channel.
func TestUnreceivedHandlesAreClosed(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), `
		const server = require('net').createServer().listen(0, () => {
			for (let i = 0; i < 5; i++) process.send(i, server);
			process.send('end');
		});`)
	m := receive(t, child)
	if m.Handle == nil {
		t.Fatal("no handle")
	}
	m.Handle.Close()
	child.Close()
}
