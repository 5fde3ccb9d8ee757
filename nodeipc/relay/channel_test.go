//go:build unix

package relay_test

import (
	"context"
	"net"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
)

// TestBetweenChannels: two real ends find the channel as it would be without a relay, handles and all.
func TestBetweenChannels(t *testing.T) {
	for _, s := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		t.Run(string(s), func(t *testing.T) {
			nodetest.NoLeaks(t)
			parent, parentEnd := newChannel(t, s)
			child, childEnd := newChannel(t, s)
			var w witness
			r, err := relay.Start(parentEnd, childEnd, relay.Options{Serialization: s, Observer: &w})
			if err != nil {
				t.Fatal(err)
			}
			exchange(t, parent, child)
			exchange(t, child, parent)
			if err := parent.Disconnect(); err != nil {
				t.Fatal(err)
			}
			nodetest.Receive(t, child.Done(), "end of the child's channel")
			if err := child.Err(); err != nil {
				t.Errorf("the child's channel ended with %v", err)
			}
			await(t, r)
			acks := 0
			for _, f := range w.frames {
				if f.Kind == relay.ACK && f.Latency > 0 {
					acks++
				}
			}
			if acks != 2*handles {
				t.Errorf("%d ACKs were timed, want %d: %s", acks, 2*handles, describe(w.frames))
			}
		})
	}
}

func newChannel(t *testing.T, s nodeipc.Serialization) (*nodeipc.Channel, int) {
	t.Helper()
	pair := socketPair(t)
	c, err := nodeipc.NewChannel(pair[0], nodeipc.Options{Serialization: s, Warn: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, pair[1]
}

// handles is how many handles go each way, every one between plain messages.
const handles = 20

func exchange(t *testing.T, from, to *nodeipc.Channel) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	listener := listen(t, "tcp", "127.0.0.1:0")
	writing(t, func() {
		for i := range handles {
			h, err := handlewrap.FromListener(listener)
			if err == nil {
				err = from.Send(ctx, i)
			}
			if err == nil {
				err = from.SendHandle(ctx, i, h)
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range 2 * handles {
		m, err := to.Receive(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := m.Decode(&n); err != nil || n != i/2 || (m.Handle != nil) != (i%2 == 1) {
			t.Fatalf("message %d is %d (%v), handle %v", i, n, err, m.Handle)
		}
		if m.Handle != nil {
			expectListener(t, m.Handle, listener.Addr())
		}
	}
}

func expectListener(t *testing.T, h *handlewrap.Handle, address net.Addr) {
	t.Helper()
	l, err := h.Listener()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Addr().String() != address.String() {
		t.Errorf("the handle listens on %s, want %s", l.Addr(), address)
	}
}
