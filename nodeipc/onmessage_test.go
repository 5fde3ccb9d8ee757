//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// onMessage gives options whose OnMessage passes the messages on.
func onMessage() (nodeipc.Options, chan nodeipc.Message) {
	messages := make(chan nodeipc.Message, 100)
	return nodeipc.Options{OnMessage: func(m nodeipc.Message) { messages <- m }}, messages
}

func TestOnMessage(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		o, messages := onMessage()
		child := start(t, command(t, node, `
			const server = require('net').createServer((c) => c.end('served')).listen(0, '127.0.0.1', () => {
				process.send(1);
				process.send('server', server, () => {
					process.send(3);
					process.disconnect();
				});
			});`), o)
		var server *handlewrap.Handle
		for _, want := range []string{"1", `"server"`, "3"} {
			m := from(t, messages)
			if text(m) != want {
				t.Errorf("message %s, want %s", text(m), want)
			}
			if m.Handle != nil {
				server = m.Handle
				defer server.Close()
			}
		}
		if server == nil || server.Type() != handlewrap.NetServer {
			t.Errorf("the handle that came is %v", server)
		}
		expectEnd(t, child.Channel, nil)
	})
}

// OnMessage may answer, and where it uses the child, which Start has to return first, it is called after Resume.
func TestOnMessageAnswers(t *testing.T) {
	nodetest.NoLeaks(t)
	var child *nodeipc.Child
	child = start(t, command(t, nodetest.Default(t), `
		let left = 100;
		process.on('message', (m) => {
			if (m !== left) process.exit(1);
			if (left > 0) process.send(--left);
		});
		process.send(left);`), nodeipc.Options{Paused: true, OnMessage: func(m nodeipc.Message) {
		if err := child.Send(context.Background(), decode[int](t, m)); err != nil {
			t.Error(err)
		}
		if text(m) == "0" {
			child.Disconnect()
		}
	}})
	child.Resume()
	expectExitZero(t, child)
}

func TestReceiveBesideOnMessage(t *testing.T) {
	nodetest.NoLeaks(t)
	o, messages := onMessage()
	c, p := newRawPeer(t, o)
	if m, err := c.Receive(context.Background()); err == nil {
		t.Errorf("received %s", text(m))
	}
	p.write("1\n")
	if m := from(t, messages); text(m) != "1" {
		t.Errorf("message %s", text(m))
	}
}

func TestOnMessageBesideAHandler(t *testing.T) {
	nodetest.NoLeaks(t)
	o, _ := onMessage()
	o.Handler = newRecorder()
	fd, _ := rawPair(t)
	if _, err := nodeipc.NewChannel(fd, o); err == nil {
		t.Error("a channel has two who take its messages")
	}
	if _, err := nodeipc.Start(shell("exit 0"), o); err == nil {
		t.Error("a child's channel has two who take its messages")
	}
	if err := unix.Close(fd); err != nil {
		t.Errorf("the socket is not the caller's any more: %v", err)
	}
}

func TestOnMessageGetsNoInternalMessages(t *testing.T) {
	nodetest.NoLeaks(t)
	o, messages := onMessage()
	_, p := newRawPeer(t, o)
	fd, closed := tracer(t)
	p.write(`{"cmd":"NODE_X"}` + "\n")
	p.write(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"x"}}`+"\n", fd)
	p.write("1\n")
	if m := from(t, messages); text(m) != "1" {
		t.Errorf("message %s", text(m))
	}
	closed()
	p.expect(ack)
}

// A goroutine that waits in Send does not run the loop in OnMessage's place, so that Close knows that it is called on it.
func TestCloseInOnMessageWhileSendWaits(t *testing.T) {
	nodetest.NoLeaks(t)
	closing := make(chan func(), 1)
	c, p := newRawPeer(t, nodeipc.Options{SendBuffer: 1, OnMessage: func(nodeipc.Message) { (<-closing)() }})
	waits, cancel := context.WithCancel(context.Background())
	sent := make(chan error)
	go func() {
		var err error
		for n := 0; err == nil; n++ {
			err = c.Send(waits, fmt.Sprint(n, kilobyte))
		}
		sent <- err
	}()
	for range 100 { // most of them while Send waits
		ran := make(chan struct{})
		closing <- func() {
			defer close(ran)
			expectPanic(t, "nodeipc: Close of a channel", func() { c.Close() })
		}
		p.write("1\n")
		nodetest.Receive(t, ran, "end of OnMessage")
	}
	cancel()
	if err := nodetest.Receive(t, sent, "end of Send"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
