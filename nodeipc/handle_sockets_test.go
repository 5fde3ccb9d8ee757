//go:build unix

package nodeipc_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// expectClosed checks that a socket is closed in this process.
func expectClosed(t *testing.T, socket any) {
	t.Helper()
	raw, err := socket.(syscall.Conn).SyscallConn()
	if err == nil {
		err = raw.Control(func(uintptr) {})
	}
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("the socket is not closed: %v", err)
	}
}

func TestSendConn(t *testing.T) {
	networks(t, eachRuntime, func(t *testing.T, r nodetest.Runtime, network string) {
		nodetest.NoLeaks(t)
		child := startScript(t, r, `process.on('message', (m, socket) => socket.end(m + ' pid ' + process.pid));`)
		l := listen(t, network)
		for range 3 {
			accepted, client := connection(t, l)
			if err := child.SendConn(patient(t), "hello from", accepted); err != nil {
				t.Fatal(err)
			}
			expectClosed(t, accepted)
			expectAll(t, client, "hello from "+pid(child))
		}
	})
}

func TestSendListener(t *testing.T) {
	networks(t, nodetest.EachNode, func(t *testing.T, node nodetest.Runtime, network string) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			process.on('message', (m, server) => {
				server.on('connection', (socket) => socket.end('pid ' + process.pid));
				process.send('listening');
			});`)
		l := listen(t, network)
		if u, ok := l.(*net.UnixListener); ok {
			u.SetUnlinkOnClose(true) // as it is without the test's helper
			t.Cleanup(func() { os.Remove(u.Addr().String()) })
		}
		if err := child.SendListener(patient(t), "server", l); err != nil {
			t.Fatal(err)
		}
		expectClosed(t, l)
		expectJSON(t, child, `"listening"`)
		for range 3 {
			expectAll(t, dial(t, l.Addr()), pid(child))
		}
	})
}

func TestSendPacketConn(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, r, `
			process.on('message', (m, socket) => {
				socket.on('message', (question, from) => socket.send('pid ' + process.pid, from.port, from.address));
				process.send('bound');
			});`)
		c := packetConn(t, "udp4", "127.0.0.1:0")
		if err := child.SendPacketConn(patient(t), "udp", c); err != nil {
			t.Fatal(err)
		}
		expectClosed(t, c)
		expectJSON(t, child, `"bound"`)
		expectAnswer(t, c.LocalAddr(), pid(child))
	})
}

// A connection that was not sent is still the caller's, and open.
func TestSendConnFails(t *testing.T) {
	nodetest.NoLeaks(t)
	full, _ := newRawPeer(t, nodeipc.Options{SendBuffer: 1})
	for full.Tell(kilobyte) == nil {
	}
	open, p := newRawPeer(t, nodeipc.Options{MaxMessageSize: 1 << 10})
	over, _ := newRawPeer(t, nodeipc.Options{})
	over.Close()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	accepted, client := connection(t, listen(t, "tcp"))
	for name, c := range map[string]struct {
		channel *nodeipc.Channel
		ctx     context.Context
		message any
		want    error
	}{
		"over":      {over, patient(t), 1, nodeipc.ErrDisconnected},
		"no room":   {full, ended, 1, nodeipc.ErrNotReading},
		"too large": {open, patient(t), kilobyte + kilobyte, nodeipc.ErrMessageTooLarge},
		"zero":      {new(nodeipc.Channel), patient(t), 1, nodeipc.ErrDisconnected},
	} {
		if err := c.channel.SendConn(c.ctx, c.message, accepted); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	p.expectNothing()
	if _, err := accepted.Write([]byte("still open")); err != nil {
		t.Error(err)
	}
	accepted.Close()
	expectAll(t, client, "still open")
}

// What is no socket of the system, or no longer, cannot be given away.
func TestSendConnRefuses(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	accepted, _ := connection(t, listen(t, "tcp"))
	pipe, _ := net.Pipe()
	defer pipe.Close()
	for name, conn := range map[string]net.Conn{"none": nil, "pipe": pipe, "TLS": tls.Server(accepted, nil)} {
		if err := c.SendConn(patient(t), 1, conn); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	accepted.Close()
	if err := c.SendConn(patient(t), 1, accepted); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	p.expectNothing()
}

// A connection that was given away ends with the channel when the peer has not acknowledged it, and not before.
func TestSendConnToAPeerThatDoesNotAcknowledge(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	accepted, client := connection(t, listen(t, "tcp"))
	if err := c.SendConn(patient(t), 1, accepted); err != nil {
		t.Fatal(err)
	}
	expectClosed(t, accepted)
	p.line()
	p.expectHandles(1) // and closes the peer's
	if _, err := client.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	c.Close()
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection has not ended: %v", err)
	}
}

func TestSuccess(t *testing.T) {
	for _, c := range []struct {
		script  string
		status  nodeipc.ExitStatus
		success bool
	}{
		{"process.exit(0)", nodeipc.ExitStatus{}, true},
		{"process.exit(1)", nodeipc.ExitStatus{Code: 1}, false},
		{"process.kill(process.pid, 'SIGKILL')", nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL}, false},
	} {
		child := startScript(t, nodetest.Default(t), c.script)
		expectExit(t, child, c.status)
		if c.status.Success() != c.success {
			t.Errorf("%s: %v is a success: %v", c.script, c.status, c.status.Success())
		}
	}
}
