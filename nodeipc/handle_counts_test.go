//go:build unix

package nodeipc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Node's server counts the sockets that it gave to its parent, and its close waits for them.
func TestNodeCountsSocketsThatGoHas(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			const server = require('net').createServer((socket) => process.send('socket', socket));
			server.listen(0, '127.0.0.1', () => process.send(server.address().port));
			process.on('message', (m) => {
				if (m === 'count') server.getConnections((err, n) => process.send(err ? err.message : n));
				if (m === 'close') server.close(() => { process.send('closed'); process.disconnect(); });
			});`)
		address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: decode[int](t, receive(t, child))}
		var conns []net.Conn
		for range 3 {
			dial(t, address)
			h := receiveHandle(t, child, handlewrap.NetSocket)
			if !strings.HasPrefix(h.ServerKey(), "4:127.0.0.1:") {
				t.Errorf("server key %q", h.ServerKey())
			}
			c, err := h.Conn()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			conns = append(conns, c)
		}
		for i, c := range conns {
			send(t, child, "count")
			expectJSON(t, child, fmt.Sprint(len(conns)-i))
			if i == len(conns)-1 {
				send(t, child, "close")
				send(t, child, "count")
				expectJSON(t, child, "2") // Node counts the close that is under way too
			}
			c.Close()
		}
		expectJSON(t, child, `"closed"`)
		expectExitZero(t, child)
	})
}

func TestGoCountsSocketsThatNodeHas(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			const sockets = [];
			process.on('message', (m, socket) => {
				if (socket) {
					sockets.push(socket);
					socket.resume();
					return process.send('taken');
				}
				sockets.shift().destroy();
			});`)
		const key = "4:127.0.0.1:1337"
		l := listen(t, "tcp")
		for range 2 {
			accepted, _ := connection(t, l)
			h := asHandle(t, accepted)
			h.SetServerKey(key)
			sendHandle(t, child.Channel, "socket", h)
			expectJSON(t, child, `"taken"`)
		}
		expectCount := func(want int) {
			t.Helper()
			if n, err := child.CountSockets(patient(t), key); n != want || err != nil {
				t.Errorf("%d sockets, %v; want %d", n, err, want)
			}
		}
		expectCount(2)
		closed := make(chan error, 1)
		go func() { closed <- child.WaitSocketsClosed(patient(t), key) }()
		send(t, child, "destroy")
		ctx := patient(t)
		for n := 2; n != 1; {
			var err error
			if n, err = child.CountSockets(ctx, key); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-closed:
			t.Errorf("closed with a socket left: %v", err)
		default:
		}
		send(t, child, "destroy")
		if err := <-closed; err != nil {
			t.Error(err)
		}
		expectCount(0)
		if err := child.WaitSocketsClosed(patient(t), key); err != nil {
			t.Error(err)
		}
	})
}

const countKey = `{"cmd":"NODE_SOCKET_GET_COUNT","key":"k"}`

// A question that could not be sent does not take the answer of the next.
func TestUnsentQuestionTakesNoAnswer(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{SendBuffer: 1})
	big := strings.Repeat("x", 1<<20)
	send(t, c, big)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.CountSockets(ctx, "k"); !errors.Is(err, nodeipc.ErrNotReading) {
		t.Errorf("count: %v", err)
	}
	p.expect(`"` + big + `"`)
	answers := make(chan int, 1)
	go func() {
		n, err := c.CountSockets(patient(t), "k")
		if err != nil {
			t.Error(err)
		}
		answers <- n
	}()
	p.expect(countKey)
	p.write(`{"cmd":"NODE_SOCKET_COUNT","key":"other","count":1}` + "\n" + `{"cmd":"NODE_SOCKET_COUNT","key":"k","count":7}` + "\n")
	if n := <-answers; n != 7 {
		t.Errorf("%d sockets, want 7", n)
	}
}

func TestQuestionsHaveTheirAnswersInOrder(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	first := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { _, err := c.CountSockets(ctx, "k"); first <- err }()
	p.expect(countKey)
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("count: %v", err)
	}
	second := make(chan int, 1)
	go func() { n, _ := c.CountSockets(patient(t), "k"); second <- n }()
	p.expect(countKey)
	p.write(`{"cmd":"NODE_SOCKET_COUNT","key":"k","count":1}` + "\n" + `{"cmd":"NODE_SOCKET_COUNT","key":"k","count":2}` + "\n")
	if n := <-second; n != 2 {
		t.Errorf("the second question has the answer %d", n)
	}
}

func TestAnswersAboutSockets(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	p.write(`{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"k"}` + "\n" + countKey + "\n")
	p.expect(`{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"k"}`, `{"cmd":"NODE_SOCKET_COUNT","key":"k","count":0}`)
	var handles []*handlewrap.Handle
	for range 2 {
		fd, _ := tracer(t)
		p.write(`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":1,"key":"k"}`+"\n", fd)
		p.expect(ack)
		handles = append(handles, receiveHandle(t, c, handlewrap.NetSocket))
	}
	notify := `{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"k"}` + "\n"
	p.write(countKey + "\n" + notify + notify)
	p.expect(`{"cmd":"NODE_SOCKET_COUNT","key":"k","count":2}`)
	handles[0].Close()
	p.write(countKey + "\n")
	p.expect(`{"cmd":"NODE_SOCKET_COUNT","key":"k","count":1}`)
	handles[1].Close()
	p.expect(`{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"k"}`, `{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"k"}`)
	p.expectNothing()
}

func TestSocketClosedAfterTheChannel(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	fd, closed := tracer(t)
	p.write(`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":1,"key":"k"}`+"\n", fd)
	h := receiveHandle(t, c, handlewrap.NetSocket)
	c.Close()
	h.Close()
	closed()
}

func TestQuestionOnAClosedChannel(t *testing.T) {
	nodetest.NoLeaks(t)
	c, _ := newRawPeer(t, nodeipc.Options{})
	c.Close()
	if _, err := c.CountSockets(patient(t), "k"); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("count: %v", err)
	}
	if err := c.WaitSocketsClosed(patient(t), "k"); !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Errorf("wait: %v", err)
	}
}
