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
)

func TestDisconnect(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, r, `
			process.on('message', (m) => process.send(m));
			process.on('disconnect', () => process.exit(process.connected ? 1 : 0));`)
		send(t, child, "before")
		expectJSON(t, child, `"before"`)
		if !child.Connected() {
			t.Error("not connected")
		}
		if err := child.Disconnect(); err != nil {
			t.Error(err)
		}
		if child.Connected() {
			t.Error("connected after Disconnect")
		}
		if err := child.Send(patient(t), "after"); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("send: %v", err)
		}
		if err := child.Disconnect(); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("a second Disconnect: %v", err)
		}
		expectEnd(t, child.Channel, nil)
		if _, err := child.Receive(patient(t)); err != nodeipc.ErrDisconnected {
			t.Errorf("receive: %v", err)
		}
		expectExitZero(t, child)
	})
}

func TestDisconnectSendsTheQueueFirst(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			let seen = 0;
			process.on('message', (m, handle) => {
				if (handle) handle.close();
				seen++;
			});
			process.on('disconnect', () => process.exit(seen));`)
		const messages, handles = 100, 5
		for i := range handles {
			sendHandle(t, child.Channel, i, asHandle(t, listen(t, "tcp")).WithType(handlewrap.NetNative))
		}
		for i := range messages {
			send(t, child, i)
		}
		child.Disconnect()
		expectEnd(t, child.Channel, nil)
		expectExit(t, child, nodeipc.ExitStatus{Code: messages + handles})
	})
}

// A message that is long on its way, to a child that takes its time.
func TestDisconnectSendsALongMessageFirst(t *testing.T) {
	nodetest.NoLeaks(t)
	child := startScript(t, nodetest.Default(t), `process.on('message', (m) => process.exit(m.length >> 20));`)
	send(t, child, string(make([]byte, 3<<20)))
	child.Disconnect()
	expectExit(t, child, nodeipc.ExitStatus{Code: 3})
	expectEnd(t, child.Channel, nil)
}

func TestDisconnectWaitsForTheACK(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	sendHandle(t, c, "m", asHandle(t, listen(t, "tcp")))
	send(t, c, "after")
	c.Disconnect()
	p.expect(serverMessage)
	p.write("1\n")
	expectJSON(t, c, "1") // it still receives
	select {
	case <-c.Done():
		t.Error("the channel ended before the ACK")
	default:
	}
	p.write(ack + "\n")
	p.expect(`"after"`)
	expectEnd(t, c, nil)
}

func TestDisconnectByTheChild(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, r, `process.send('last', () => process.disconnect());`)
		expectEnd(t, child.Channel, nil)
		if err := child.Send(patient(t), 1); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("send: %v", err)
		}
		if err := child.Disconnect(); !errors.Is(err, nodeipc.ErrDisconnected) {
			t.Errorf("disconnect: %v", err)
		}
		expectJSON(t, child, `"last"`)
		if _, err := child.Receive(patient(t)); err != nodeipc.ErrDisconnected {
			t.Errorf("receive: %v", err)
		}
		expectExitZero(t, child)
	})
}

func TestNodeDisconnectsWithAQueue(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			const server = require('net').createServer().listen(0, () => {
				process.send('server', server);
				process.send('queued');
				process.send('again', server);
				process.disconnect();
			});
			process.on('disconnect', () => server.close());`)
		receiveHandle(t, child, handlewrap.NetServer).Close()
		expectJSON(t, child, `"queued"`)
		receiveHandle(t, child, handlewrap.NetServer).Close()
		expectEnd(t, child.Channel, nil)
		expectExitZero(t, child)
	})
}

// All that wait for the peer end when it goes.
func TestEndWakesWhoWaits(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{SendBuffer: 1})
	errs := make(chan error)
	for range 3 {
		go func() {
			_, err := c.Receive(context.Background())
			errs <- err
		}()
		go func() {
			for {
				if err := c.Send(context.Background(), string(make([]byte, 10000))); err != nil {
					errs <- err
					return
				}
			}
		}()
		go func() { _, err := c.CountSockets(context.Background(), "k"); errs <- err }()
	}
	p.receive()
	p.close()
	for range 9 {
		select {
		case err := <-errs:
			if !errors.Is(err, nodeipc.ErrDisconnected) {
				t.Error(err)
			}
		case <-patient(t).Done():
			t.Fatal("somebody still waits")
		}
	}
}

func TestCloseOnBothSidesAtOnce(t *testing.T) {
	nodetest.NoLeaks(t)
	for i := range 20 {
		c, p := newRawPeer(t, nodeipc.Options{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for c.Send(context.Background(), fmt.Sprint("message ", i)) == nil {
			}
		}()
		p.line()
		p.close()
		c.Close()
		c.Close()
		<-done
	}
}
