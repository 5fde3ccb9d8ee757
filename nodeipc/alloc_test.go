//go:build linux

package nodeipc

import (
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// nobody is a handler for whom nothing comes.
type nobody struct{}

func (nobody) HandleOpen(LoopChannel)   {}
func (nobody) HandleMessage(m Message)  { closeHandle(m.Handle) }
func (nobody) HandleInternal(m Message) { closeHandle(m.Handle) }
func (nobody) HandleNACK(uint32)        {}
func (nobody) HandleWritable()          {}
func (nobody) HandleDisconnect(error)   {}

// offering is a channel with a connection to offer, and the other end to read.
type offering struct {
	channel  *Channel
	peer     int
	fd       int
	template *Template
	frame    []byte
	buf      []byte
}

func newOffering(tb testing.TB) *offering {
	tb.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { unix.Close(pair[1]) })
	// Paused, because the test itself takes what would be read.
	c, err := NewChannel(pair[0], Options{Handler: nobody{}, Paused: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	h, err := handlewrap.FromListener(l)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { h.Close() })
	template, err := NewTemplate(handlewrap.NetNative, func(seq uint32) any {
		return map[string]any{"cmd": "NODE_CLUSTER", "act": "newconn", "key": "k", "seq": seq}
	})
	if err != nil {
		tb.Fatal(err)
	}
	return &offering{channel: c, peer: pair[1], fd: h.FD(), template: template, buf: make([]byte, 4096)}
}

// offer offers the connection, and has the peer read it and acknowledge it. It runs on the loop, which no test may end.
func (o *offering) offer(number uint32) error {
	o.frame = OnLoop(o.channel).AppendFrame(o.frame[:0], o.template, number)
	if err := OnLoop(o.channel).Offer(o.frame, o.fd, number); err != nil {
		return err
	}
	if n, err := unix.Read(o.peer, o.buf); n != len(o.frame) {
		return fmt.Errorf("the peer read %d bytes of %d: %w", n, len(o.frame), err)
	}
	return o.channel.cutChunk(ackFrame)
}

var ackFrame = []byte(`{"cmd":"NODE_HANDLE_ACK"}` + "\n")

// ACKs of many handles in one read, as a busy worker sends them.
func TestACKsAllocateNothing(t *testing.T) {
	nodetest.NoLeaks(t)
	o := newOffering(t)
	const batch = 16
	var acks []byte
	for range batch {
		acks = append(acks, ackFrame...)
	}
	o.channel.loop.Call(func() {
		n := testing.AllocsPerRun(100, func() {
			for i := range uint32(batch) {
				o.channel.out.unacked.push(unacked{tag: i})
			}
			if err := o.channel.cutChunk(acks); err != nil {
				t.Error(err)
			}
		})
		if n != 0 {
			t.Errorf("%v allocations for %d ACKs", n, batch)
		}
	})
}

func TestOfferIsRefusedWhenThePeerDoesNotRead(t *testing.T) {
	nodetest.NoLeaks(t)
	o := newOffering(t)
	var offered uint32
	var err error
	o.channel.loop.Call(func() {
		for err == nil && offered < 1e6 {
			offered++
			err = OnLoop(o.channel).Offer(OnLoop(o.channel).AppendFrame(nil, o.template, offered), o.fd, offered)
		}
	})
	if !errors.Is(err, ErrWouldBlock) {
		t.Errorf("after %d offers: %v", offered, err)
	}
	o.channel.Close()
	o.channel.loop.Close()
	if err := OnLoop(o.channel).Offer([]byte("x"), o.fd, 0); !errors.Is(err, ErrDisconnected) {
		t.Errorf("offer on a closed channel: %v", err)
	}
}

func BenchmarkOffer(b *testing.B) {
	o := newOffering(b)
	b.ReportAllocs()
	o.channel.loop.Call(func() {
		for i := 0; b.Loop(); i++ {
			if err := o.offer(uint32(i)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkTakeACK(b *testing.B) {
	o := newOffering(b)
	b.ReportAllocs()
	o.channel.loop.Call(func() {
		for b.Loop() {
			o.channel.out.unacked.push(unacked{})
			if err := o.channel.cutChunk(ackFrame); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
