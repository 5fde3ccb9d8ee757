//go:build unix && (!linux || portable)

package nodeipc_test

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// The next offer finds room once the peer has answered for the one before, in whichever way.
func TestOneOfferAtATime(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRecorder()
	loop := newLoop(t)
	c, p := newRawPeer(t, nodeipc.Options{Handler: r, Loop: loop})
	h := asHandle(t, listen(t, "tcp"))
	frame := p.frames(nativeMessage + "\n")
	offer := func(tag uint32) (err error) {
		loop.Call(func() { err = nodeipc.OnLoop(c).Offer(frame, h.FD(), tag) })
		return err
	}
	for tag, answer := range []string{ack, nack, ack} {
		if err := offer(uint32(tag)); err != nil {
			t.Fatal(err)
		}
		p.expect(nativeMessage)
		p.expectHandles(1)
		if err := offer(100); !errors.Is(err, nodeipc.ErrWouldBlock) {
			t.Fatalf("a second offer on its way: %v", err)
		}
		p.write(answer + "\n")
		from(t, r.writable)
	}
	if got := from(t, r.nacks); got != 1 {
		t.Errorf("a NACK for %d, want 1", got)
	}
}

// Real workers take connections that are offered one after the other.
func TestNodeTakesOneOfferAtATime(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		loop, r, offer := newTaker(t, node)
		l := listen(t, "tcp")
		var clients [8]net.Conn
		for i := range clients {
			var accepted net.Conn
			accepted, clients[i] = connection(t, l)
			h := asHandle(t, accepted)
			var err error
			again := func() { err = offer(h, uint32(i)) }
			for loop.Call(again); errors.Is(err, nodeipc.ErrWouldBlock); loop.Call(again) {
				from(t, r.writable)
			}
			if err != nil {
				t.Fatal(err)
			}
			expectAll(t, clients[i], fmt.Sprint("number ", i))
			h.Close()
		}
	})
}

// failing has sendmsg fail a few times where there is a descriptor, as macOS does while that does not fit.
func failing(t *testing.T, errno error, times int32) (left *atomic.Int32) {
	t.Helper()
	left = new(atomic.Int32)
	left.Store(times)
	socket.Sendmsg = func(fd int, b, control []byte, to unix.Sockaddr, flags int) (int, error) {
		if len(control) > 0 && left.Add(-1) >= 0 {
			return 0, errno
		}
		return unix.SendmsgN(fd, b, control, to, flags)
	}
	t.Cleanup(func() { socket.Sendmsg = unix.SendmsgN })
	return left
}

func TestHandleThatDoesNotFitIsSentLater(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		left := failing(t, unix.EMSGSIZE, 3)
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			process.on('message', (m, server) => server.close(() => process.send(m, () => process.disconnect())));`)
		if err := child.SendListener(patient(t), "with a server", listen(t, "tcp")); err != nil {
			t.Fatal(err)
		}
		expectJSON(t, child, `"with a server"`)
		expectEnd(t, child.Channel, nil)
		expectExitZero(t, child)
		if left.Load() >= 0 {
			t.Errorf("sendmsg has not failed as often as it was to: %d left", left.Load())
		}
	})
}

func TestOfferThatDoesNotFit(t *testing.T) {
	failing(t, unix.EMSGSIZE, 1)
	nodetest.NoLeaks(t)
	r := newRecorder()
	loop := newLoop(t)
	c, p := newRawPeer(t, nodeipc.Options{Handler: r, Loop: loop})
	h := asHandle(t, listen(t, "tcp"))
	var err error
	offer := func() { err = nodeipc.OnLoop(c).Offer(p.frames(nativeMessage+"\n"), h.FD(), 0) }
	if loop.Call(offer); !errors.Is(err, nodeipc.ErrWouldBlock) {
		t.Errorf("an offer that does not fit: %v", err)
	}
	from(t, r.writable)
	if loop.Call(offer); err != nil {
		t.Errorf("the offer, again: %v", err)
	}
	p.expect(nativeMessage)
	p.expectHandles(1)
}

// macOS says so of a peer that is closing its end.
func TestWriteToAPeerThatIsClosing(t *testing.T) {
	failing(t, unix.EPROTOTYPE, 1)
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	p.write(`"last words"` + "\n")
	p.close()
	if err := c.SendListener(patient(t), "m", listen(t, "tcp")); err != nil && !errors.Is(err, nodeipc.ErrDisconnected) {
		t.Error(err)
	}
	expectJSON(t, c, `"last words"`)
	expectEnd(t, c, nil)
}

// macOS throws away a descriptor that a process has no room for, says so once, and then gives the message. Node sends that again.
func TestDescriptorThatWasThrownAway(t *testing.T) {
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		throwAwayOnce(t)
		nodetest.NoLeaks(t)
		child := startScript(t, node, `
			const net = require('net');
			const server = net.createServer((socket) => { process.send('a socket', socket); server.close(); });
			server.listen(0, '127.0.0.1', () => net.connect(server.address().port).on('data', (b) => process.send(String(b), () => process.exit())));`)
		conn, err := receiveHandle(t, child, handlewrap.NetSocket).Conn()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		expectJSON(t, child, `"hello"`)
		expectExitZero(t, child)
	})
}

// throwAwayOnce has the first recvmsg that brings a descriptor fail, and the next one bring the bytes alone.
func throwAwayOnce(t *testing.T) {
	t.Helper()
	var kept []byte
	thrown := false
	socket.Recvmsg = func(fd int, b, control []byte, flags int) (n, controls, got int, from unix.Sockaddr, err error) {
		if len(kept) > 0 {
			n, kept = copy(b, kept), nil
			return n, 0, 0, nil, nil
		}
		n, controls, got, from, err = unix.Recvmsg(fd, b, control, flags)
		if err == nil && controls > 0 && !thrown {
			thrown, kept = true, append(kept, b[:n]...)
			messages, _ := unix.ParseSocketControlMessage(control[:controls])
			fds, _ := unix.ParseUnixRights(&messages[0])
			for _, fd := range fds {
				unix.Close(fd)
			}
			return 0, 0, 0, nil, unix.EMSGSIZE
		}
		return n, controls, got, from, err
	}
	t.Cleanup(func() {
		socket.Recvmsg = unix.Recvmsg
		if !thrown {
			t.Error("no descriptor has come")
		}
	})
}
