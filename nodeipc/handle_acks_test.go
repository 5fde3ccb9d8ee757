//go:build unix

package nodeipc_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

const (
	serverMessage = `{"cmd":"NODE_HANDLE","type":"net.Server","msg":"m"}`
	nativeMessage = `{"cmd":"NODE_HANDLE","type":"net.Native","msg":"m"}`
)

func TestHandleWithoutDescriptorIsNACKed(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	p.write(serverMessage + "\n")
	p.expect(nack)
	fd, closed := tracer(t)
	p.write(serverMessage+"\n", fd)
	p.expect(ack)
	receiveHandle(t, c, handlewrap.NetServer).Close()
	closed()
}

// Node's own answers to a handle that did not come, and to one that did.
func TestNodeAnswersHandles(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		p := rawParent(t, node, `process.on('message', (m, handle) => process.send([m, handle.constructor.name]))`)
		p.write(nativeMessage + "\n")
		p.expect(nack)
		p.write(nativeMessage+"\n", asHandle(t, listen(t, "unix")).FD())
		p.expect(ack, `["m","Pipe"]`)
	})
}

func TestRetransmission(t *testing.T) {
	nodetest.NoLeaks(t)
	for nacks := range 4 {
		c, p := newRawPeer(t, nodeipc.Options{})
		sendHandle(t, c, "m", asHandle(t, listen(t, "tcp")))
		send(t, c, "after")
		for range nacks {
			p.expect(serverMessage)
			p.expectHandles(1)
			p.expectNothing()
			p.write(nack + "\n")
		}
		p.expect(serverMessage)
		p.expectHandles(1)
		p.write(ack + "\n")
		p.expect(`"after"`)
		c.Close()
	}
}

func TestHandleIsGivenUp(t *testing.T) {
	nodetest.NoLeaks(t)
	warnings := make(chan error, 1)
	c, p := newRawPeer(t, nodeipc.Options{Warn: func(err error) { warnings <- err }})
	fd, closed := tracer(t)
	sendHandle(t, c, "m", traced(t, fd))
	send(t, c, "after")
	for range 4 {
		p.expect(nativeMessage)
		p.expectHandles(1)
		p.write(nack + "\n")
	}
	p.expect(`"after"`)
	if err := nodetest.Receive(t, warnings, "warning"); !errors.Is(err, nodeipc.ErrHandleNotReceived) {
		t.Errorf("warning: %v", err)
	}
	closed()
	if !c.Connected() {
		t.Error("the channel has ended")
	}
}

func TestWhatFollowsAHandleWaitsForItsACK(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	first, second := asHandle(t, listen(t, "tcp")), asHandle(t, listen(t, "unix"))
	var closed atomic.Bool
	first.OnClose(func() { closed.Store(true) })
	send(t, c, 1)
	sendHandle(t, c, "m", first)
	send(t, c, 2)
	sendHandle(t, c, "m", second)
	send(t, c, 3)
	p.expect(`1`, serverMessage)
	p.expectNothing()
	if closed.Load() {
		t.Error("the handle was closed before its ACK")
	}

	fd, _ := tracer(t)
	p.write(nativeMessage+"\n", fd)
	p.expect(ack) // which is not held back
	receiveHandle(t, c, handlewrap.NetNative).Close()

	p.write(ack + "\n")
	p.expect(`2`, serverMessage)
	p.expectNothing()
	if !closed.Load() {
		t.Error("the handle is open after its ACK")
	}
	p.write(ack + "\n")
	p.expect(`3`)
	p.expectHandles(2)
}

func TestOrderAroundHandlesInNode(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			const seen = [];
			process.on('message', (m, handle) => {
				if (handle) handle.close();
				seen.push(handle ? [m] : m);
				if (m === 'end') process.send(seen);
			});`)
		for i := range 3 {
			send(t, child, 2*i)
			sendHandle(t, child.Channel, 2*i+1, asHandle(t, listen(t, "tcp")).WithType(handlewrap.NetNative))
		}
		send(t, child, "end")
		expectJSON(t, child, `[0,[1],2,[3],4,[5],"end"]`)
	})
}

func TestOrderAroundHandlesFromNode(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			const server = require('net').createServer().listen(0, () => {
				process.send(0);
				process.send(1, server);
				process.send(2);
				process.send(3, server);
				process.send(4, () => process.disconnect());
			});
			process.on('disconnect', () => server.close());`)
		for _, want := range []string{"0", "1", "2", "3", "4"} {
			m := receive(t, child)
			if (m.Handle != nil) != (want == "1" || want == "3") || text(m) != want {
				t.Errorf("received %s, handle %v; want %s", text(m), m.Handle != nil, want)
			}
			if m.Handle != nil {
				m.Handle.Close()
			}
		}
		expectExitZero(t, child)
	})
}
