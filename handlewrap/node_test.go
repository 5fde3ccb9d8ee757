//go:build unix

package handlewrap_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// rawTCP is a script's way to a bound handle that does not listen, as cluster makes it under SCHED_NONE.
const rawTCP = `
	const net = require('net');
	const { TCP, constants } = process.binding('tcp_wrap');
	const raw = new TCP(constants.SERVER);
	raw.bind('127.0.0.1', 0);
`

// give is a script's way to send a handle, with its type as the message, and to close its own copy, which
// sending a net.BoundSocket does by itself.
const give = `
	const give = (type, handle) => process.send(type, handle, () => {
		if (type !== 'net.BoundSocket') handle.close();
		process.send({ msg: 'closed' });
	});
`

func TestHandlesFromNode(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		use    func(*testing.T, *handlewrap.Handle)
	}{
		"net.Server":           {`const s = require('net').createServer().listen(0, () => give('net.Server', s))`, useListener},
		"net.Native listening": {rawTCP + `raw.listen(511); give('net.Native', raw)`, useListener},
		"net.Native bound":     {rawTCP + `give('net.Native', raw)`, useBound},
		"net.BoundSocket where Node sends it": {rawTCP + `
			if (parseInt(process.versions.node) >= 26) give('net.BoundSocket', new net.BoundSocket({ host: '127.0.0.1', port: 0 }));
			else give('net.Native', raw);`, useBound},
		"dgram.Socket udp4": {`const s = require('dgram').createSocket('udp4').bind(0, () => give('dgram.Socket', s))`, usePacketConn},
		"dgram.Socket udp6": {`const s = require('dgram').createSocket('udp6').bind(0, () => give('dgram.Socket', s))`, usePacketConn},
		"dgram.Native": {`const { UDP } = process.binding('udp_wrap');
			const raw = new UDP(); raw.bind('127.0.0.1', 0, 0); give('dgram.Native', raw)`, usePacketConn},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t, give+test.script)
			m, h := n.receiveHandle()
			if string(h.Type()) != m.Msg {
				t.Fatalf("type %q, want %q", h.Type(), m.Msg)
			}
			if m, _ := n.receive(); m.Msg != "closed" {
				t.Fatalf("%+v", m)
			}
			test.use(t, h)
			wantEmpty(t, h)
		})
	}
}

func useListener(t *testing.T, h *handlewrap.Handle) {
	serveOne(t, must[net.Listener](t)(h.Listener()))
}

func useBound(t *testing.T, h *handlewrap.Handle) {
	_, err := h.Listener()
	wantOneLine(t, err, "Listener")
	serveOne(t, must[net.Listener](t)(h.Listen(0)))
}

func serveOne(t *testing.T, ln net.Listener) {
	t.Helper()
	defer ln.Close()
	wantNetFlags(t, ln)
	a, b := connPair(t, ln)
	wantFlow(t, a, b)
}

func usePacketConn(t *testing.T, h *handlewrap.Handle) {
	host := map[string]string{"udp4": "127.0.0.1", "udp6": "::1"}[h.DgramType()]
	p := must[net.PacketConn](t)(h.PacketConn())
	defer p.Close()
	wantNetFlags(t, p)
	wantEcho(t, p, host)
}

func TestUnixServerFromNodeKeepsItsPath(t *testing.T) {
	path := socketPath(t)
	n := startNode(t, fmt.Sprintf(`const s = require('net').createServer().listen(%q, () => process.send('net.Server', s))`, path))
	_, h := n.receiveHandle()
	ln := must[net.Listener](t)(h.Listener())
	wantNetFlags(t, ln)
	if ln.Addr().String() != path {
		t.Fatalf("address %v", ln.Addr())
	}
	check(t, ln.Close())
	must[os.FileInfo](t)(os.Lstat(path))
}

func TestSocketFromNode(t *testing.T) {
	n := startNode(t, `
		const server = require('net').createServer((s) => process.send('net.Socket', s));
		server.listen(0, '127.0.0.1', () => process.send({ msg: String(server.address().port) }));`)
	port, _ := n.receive()
	client := must[net.Conn](t)(net.DialTimeout("tcp", "127.0.0.1:"+port.Msg, deadline))
	defer client.Close()
	m, h := n.receiveHandle()
	if h.Type() != handlewrap.NetSocket || !strings.HasPrefix(m.Key, "4:127.0.0.1:") {
		t.Fatalf("type %q, key %q", h.Type(), m.Key)
	}
	h.SetServerKey(m.Key)
	closed := false
	h.OnClose(func() { closed = true })
	c := must[net.Conn](t)(h.Conn())
	wantNetFlags(t, c)
	wantFlow(t, c, client)
	check(t, c.Close())
	if !closed {
		t.Fatal("OnClose was not called")
	}
	wantEOF(t, client)
}

func TestServerToNode(t *testing.T) {
	for name, at := range map[string][2]string{"tcp": {"tcp", ":0"}, "unix": {"unix", socketPath(t)}} {
		t.Run(name, func(t *testing.T) {
			l := listener(t, at[0], at[1])
			h := must[*handlewrap.Handle](t)(handlewrap.FromListener(l))
			defer h.Close()
			n := startNode(t, `process.on('message', (m, server) => server.on('connection', (c) => c.end('node')))`)
			n.sendHandle(h)
			wantFromNode(t, must[net.Conn](t)(net.Dial(l.Addr().Network(), l.Addr().String())))
			wantNetFlags(t, l)
		})
	}
}

func TestSocketToNode(t *testing.T) {
	for typ, script := range map[handlewrap.Type]string{
		handlewrap.NetSocket: `process.on('message', (m, socket) => socket.end('node'))`,
		handlewrap.NetNative: `process.on('message', (m, handle) => new (require('net').Socket)({ handle }).end('node'))`,
	} {
		t.Run(string(typ), func(t *testing.T) {
			accepted, dialed := connPair(t, listener(t, "tcp", "127.0.0.1:0"))
			h := must[*handlewrap.Handle](t)(handlewrap.FromConn(accepted)).WithType(typ)
			defer h.Close()
			check(t, accepted.Close())
			startNode(t, script).sendHandle(h)
			check(t, h.Close())
			wantFromNode(t, dialed)
		})
	}
}

func TestPacketConnToNode(t *testing.T) {
	p := must[net.PacketConn](t)(net.ListenPacket("udp4", "127.0.0.1:0"))
	defer p.Close()
	h := must[*handlewrap.Handle](t)(handlewrap.FromPacketConn(p))
	defer h.Close()
	n := startNode(t, `process.on('message', (m, socket) => {
		socket.on('message', (b, from) => socket.send('node', from.port, from.address));
	})`)
	n.sendHandle(h)
	client := must[net.Conn](t)(net.Dial("udp4", p.LocalAddr().String()))
	defer client.Close()
	check(t, client.SetDeadline(time.Now().Add(deadline)))
	must[int](t)(client.Write([]byte("ping")))
	got := make([]byte, 16)
	if size := must[int](t)(client.Read(got)); string(got[:size]) != "node" {
		t.Fatalf("read %q", got[:size])
	}
	wantNetFlags(t, p)
}

// wantFromNode fails unless c carries what the scripts send, and its end.
func wantFromNode(t *testing.T, c net.Conn) {
	t.Helper()
	defer c.Close()
	check(t, c.SetDeadline(time.Now().Add(deadline)))
	if got := must[[]byte](t)(io.ReadAll(c)); string(got) != "node" {
		t.Fatalf("read %q", got)
	}
}
