//go:build unix

package nodeipc_test

import (
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestBrokenHandles(t *testing.T) {
	for name, text := range map[string]string{
		"no type":                     `{"cmd":"NODE_HANDLE","msg":1}`,
		"an unknown type":             `{"cmd":"NODE_HANDLE","type":"net.Pipe","msg":1}`,
		"a type that is no string":    `{"cmd":"NODE_HANDLE","type":1,"msg":1}`,
		"no message":                  `{"cmd":"NODE_HANDLE","type":"net.Native"}`,
		"an ACK as its message":       `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_HANDLE_ACK"}}`,
		"wrapped three times":         `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_HANDLE","type":"net.Native","msg":1}}}`,
		"a socket count as a message": `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_SOCKET_COUNT","key":1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			c, p := newRawPeer(t, nodeipc.Options{})
			fd, closed := tracer(t)
			p.write(text+"\n", fd)
			expectEnd(t, c, nodeipc.ErrProtocol)
			closed()
		})
	}
}

func TestMessageFromNodeOverTheLimit(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		cmd := command(t, node, `process.send('x'.repeat(10 << 20), () => {}); process.on('message', () => {}); process.on('disconnect', () => process.exit(6));`)
		child := start(t, cmd, nodeipc.Options{MaxMessageSize: 1 << 20})
		expectEnd(t, child.Channel, nodeipc.ErrMessageTooLarge)
		expectExit(t, child, nodeipc.ExitStatus{Code: 6})
	})
}

func TestEndWithinAMessage(t *testing.T) {
	nodetest.NoLeaks(t)
	child := start(t, shell(`printf '"whole"\n"half of a' >&3`), nodeipc.Options{Serialization: nodeipc.JSON})
	expectExitZero(t, child)
	expectEnd(t, child.Channel, io.ErrUnexpectedEOF)
	expectJSON(t, child, `"whole"`)
	if _, err := child.Receive(patient(t)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("receive: %v", err)
	}
}

func TestKilledWithinAMessage(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			process.send('before');
			process.send('x'.repeat(40 << 20));
			process.kill(process.pid, 'SIGKILL');`)
		expectJSON(t, child, `"before"`)
		expectEnd(t, child.Channel, io.ErrUnexpectedEOF)
		expectExit(t, child, nodeipc.ExitStatus{Code: -1, Signal: syscall.SIGKILL})
	})
}

// Bun marks its internal messages, and writes an empty line for what has no JSON.
func TestBunsWays(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.JSON})
	p.write("\x02{\"cmd\":\"NODE_BUN\"}\n\n\x02" + serverMessage + "\n\x021\n")
	p.expect(nack)
	expectJSON(t, c, "1")
}

// To whom speaks Bun's dialect the channel does too: cluster messages are marked, and have no envelope.
func TestBunIsAnsweredInItsDialect(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{Serialization: nodeipc.JSON})
	message := map[string]string{"cmd": "NODE_CLUSTER"}
	send(t, c, message)
	p.expect(`{"cmd":"NODE_CLUSTER"}`)
	p.write("\x021\n")
	expectJSON(t, c, "1")
	send(t, c, message)
	send(t, c, "plain")
	sendHandle(t, c, message, asHandle(t, listen(t, "tcp")))
	p.expect("\x02"+`{"cmd":"NODE_CLUSTER"}`, `"plain"`, "\x02"+`{"cmd":"NODE_CLUSTER","$hasHandle":true}`)
	p.expectHandles(1)
	p.write(ack + "\n")
	sendHandle(t, c, "m", asHandle(t, listen(t, "tcp")))
	p.expect(serverMessage)
	p.expectHandles(1)
}

// A NODE_HANDLE that holds one is how Node sends a net.Socket for the second time. A second ACK would end it.
func TestNodesRetransmissionIsUnwrapped(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	fd, _ := tracer(t)
	p.write(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_HANDLE","type":"net.Socket","msg":{"a":1},"key":"6:null:1"}}`+"\n", fd)
	m := receive(t, c)
	defer m.Handle.Close()
	if text(m) != `{"a":1}` || m.Handle.Type() != "net.Socket" || m.Handle.ServerKey() != "6:null:1" {
		t.Errorf("received %s with a %s of server %q", text(m), m.Handle.Type(), m.Handle.ServerKey())
	}
	p.expect(ack)
	p.expectNothing()
}
