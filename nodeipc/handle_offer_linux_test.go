//go:build !portable

package nodeipc_test

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// Several offers are on their way at once, and what the peer says of each comes back with its tag.
func TestOffersInFlight(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRecorder()
	loop := newLoop(t)
	c, p := newRawPeer(t, nodeipc.Options{Handler: r, Loop: loop})
	h := asHandle(t, listen(t, "tcp"))
	frame := p.frames(nativeMessage + "\n")
	err := loop.Call(func() {
		for tag := range uint32(5) {
			if err := nodeipc.OnLoop(c).Offer(frame, h.FD(), tag); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		p.expect(nativeMessage)
	}
	p.expectHandles(5)
	p.write(ack + "\n" + nack + "\n" + ack + "\n" + nack + "\n" + ack + "\n")
	for _, want := range []uint32{1, 3} {
		if got := from(t, r.nacks); got != want {
			t.Errorf("a NACK for %d, want %d", got, want)
		}
	}
	if h.FD() < 0 {
		t.Error("an offered descriptor was closed")
	}
}

func TestHandleWritable(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRecorder()
	loop := newLoop(t)
	c, p := newRawPeer(t, nodeipc.Options{Handler: r, Loop: loop})
	h := asHandle(t, listen(t, "tcp"))
	offered := 0
	frame := p.frames(nativeMessage + "\n")
	offer := func() (err error) {
		loop.Call(func() {
			for err == nil {
				if err = nodeipc.OnLoop(c).Offer(frame, h.FD(), 0); err == nil {
					offered++
				}
			}
		})
		return err
	}
	if err := offer(); !errors.Is(err, nodeipc.ErrWouldBlock) {
		t.Fatalf("offer: %v", err)
	}
	for range offered {
		p.expect(nativeMessage)
	}
	p.expectHandles(offered)
	from(t, r.writable)
	if err := offer(); !errors.Is(err, nodeipc.ErrWouldBlock) {
		t.Errorf("offer: %v", err)
	}
}

// Real workers take several connections that are on their way at once.
func TestNodeTakesOffersInFlight(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		loop, _, offer := newTaker(t, node)
		l := listen(t, "tcp")
		var clients [8]net.Conn
		var handles [8]*handlewrap.Handle
		for i := range clients {
			var accepted net.Conn
			accepted, clients[i] = connection(t, l)
			handles[i] = asHandle(t, accepted)
		}
		loop.Call(func() {
			for i, h := range handles {
				if err := offer(h, uint32(i)); err != nil {
					t.Error(err)
				}
				h.Close()
			}
		})
		for i, client := range clients {
			expectAll(t, client, fmt.Sprint("number ", i))
		}
	})
}
