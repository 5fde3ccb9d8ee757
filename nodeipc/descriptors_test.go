//go:build unix

package nodeipc_test

import (
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

func TestUnaskedDescriptorsAreClosed(t *testing.T) {
	for name, write := range map[string]func(p *rawPeer, fd int){
		"beside a plain message":    func(p *rawPeer, fd int) { p.write("1\n", fd) },
		"beside an ACK of a handle": func(p *rawPeer, fd int) { p.write(ack+"\n1\n", fd) },
		"three at once":             func(p *rawPeer, fd int) { p.write("1\n", fd, fd, fd) },
		"within a message": func(p *rawPeer, fd int) {
			frames := string(p.frames("\"half message\"\n1\n"))
			p.writeRaw(frames[:7], fd)
			p.writeRaw(frames[7:], fd)
		},
	} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			c, p := newRawPeer(t, nodeipc.Options{})
			sendHandle(t, c, "m", asHandle(t, listen(t, "tcp")))
			p.expect(serverMessage)
			fd, closed := tracer(t)
			write(p, fd)
			closed()
			for receiveJSON(t, c) != "1" {
			}
		})
	}
}

func TestOnlyTheFirstOfSeveralDescriptorsIsTheHandle(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	first, firstClosed := tracer(t)
	second, secondClosed := tracer(t)
	p.write(nativeMessage+"\n", first, second)
	h := receiveHandle(t, c, handlewrap.NetNative)
	secondClosed()
	h.Close()
	firstClosed()
}

// Messages with handles that arrive in one go each keep their own.
func TestManyHandlesInFlight(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{Paused: true})
	var closed []func()
	for range 20 {
		fd, wait := tracer(t)
		p.write(nativeMessage+"\n", fd)
		p.write("1\n")
		closed = append(closed, wait)
	}
	c.Resume()
	for _, wait := range closed {
		receiveHandle(t, c, handlewrap.NetNative).Close()
		wait()
		expectJSON(t, c, "1")
		p.expect(ack)
	}
}

func TestFloodOfDescriptors(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{Warn: func(error) {}})
	fd, closed := tracer(t)
	fds := make([]int, 200)
	for i := range fds {
		fds[i] = fd
	}
	for range 20 {
		p.writeRaw("\x00never ends ", fds...)
	}
	p.close()
	closed()
	nodetest.Receive(t, c.Done(), "end of the channel")
}

// Handles that nobody receives take descriptors, so the channel stops reading before they are many.
func TestUnreceivedHandlesAreBounded(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{ReceiveBuffer: 1 << 20})
	fd, closed := tracer(t)
	const handles = 100
	written := make(chan struct{})
	go func() {
		defer close(written)
		for range handles {
			p.write(nativeMessage+"\n", fd)
		}
	}()
	<-written
	for range handles {
		receiveHandle(t, c, handlewrap.NetNative).Close()
	}
	closed()
}

func TestHandleClosesWithTheChannel(t *testing.T) {
	nodetest.NoLeaks(t)
	c, p := newRawPeer(t, nodeipc.Options{})
	fds, closed := [3]int{}, [3]func(){}
	for i := range fds {
		fds[i], closed[i] = tracer(t)
	}
	for _, fd := range fds {
		sendHandle(t, c, strings.Repeat("x", 300<<10), traced(t, fd)) // one is half written, the others are held
	}
	c.Close()
	p.close()
	for _, wait := range closed {
		wait()
	}
}
