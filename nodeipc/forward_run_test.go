//go:build linux

package nodeipc

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// sieve is the handler of a channel that forwards. It keeps some internal messages, and passes on the others.
type sieve struct {
	nobody
	own   LoopChannel
	other *Channel // which ends when this channel has
	keeps func(frame []byte) bool
	kept  [][]byte
}

func (s *sieve) HandleOpen(c LoopChannel) { s.own = c }

func (s *sieve) HandleInternal(Message) {
	if frame := s.own.Frame(); s.keeps(frame) {
		s.kept = append(s.kept, bytes.Clone(frame))
	} else {
		s.own.Forward(frame)
	}
}

func (s *sieve) HandleDisconnect(error) { s.other.Disconnect() }

// relay is two channels of which the first forwards to the second.
type relay struct {
	loop              *eventloop.Loop
	from, to          *Channel
	sender, recipient int
	sieve             *sieve
}

func newRelay(tb testing.TB, o Options) *relay {
	tb.Helper()
	loop, err := eventloop.New()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(loop.Close)
	r := &relay{loop: loop, sieve: &sieve{keeps: func([]byte) bool { return false }}}
	o.Loop, o.Handler, o.Warn = loop, nobody{}, func(err error) { tb.Errorf("warning: %v", err) }
	to := o
	to.Paused = false
	r.to, r.recipient = channelAndPeer(tb, to)
	r.sieve.other = r.to
	o.Handler = r.sieve
	r.from, r.sender = channelAndPeer(tb, o)
	loop.Call(func() { OnLoop(r.from).ForwardTo(OnLoop(r.to)) })
	return r
}

// someMessages are frames of n messages of a user's.
func someMessages(tb testing.TB, c *Channel, n int) (frames []byte) {
	tb.Helper()
	for i := range n {
		var err error
		if frames, err = c.codec.AppendFrame(frames, 0, map[string]any{"text": "hello", "n": i}); err != nil {
			tb.Fatal(err)
		}
	}
	return frames
}

// pass has the relay read frames, and returns what is on the other side afterwards.
func (r *relay) pass(tb testing.TB, frames []byte) []byte {
	tb.Helper()
	if n, err := unix.Write(r.sender, frames); n != len(frames) {
		tb.Fatalf("%d bytes of %d were written: %v", n, len(frames), err)
	}
	r.loop.Call(r.from.drain)
	r.loop.Call(func() {}) // comes after the batch in which it was read, at whose end it is written
	got := make([]byte, len(frames)+1)
	n, err := unix.Read(r.recipient, got)
	if err != nil {
		tb.Fatal(err)
	}
	return got[:n]
}

// TestForwardRunInOneWrite: what one read brings of a user's messages leaves in one write.
func TestForwardRunInOneWrite(t *testing.T) {
	for _, s := range []Serialization{JSON, Advanced} {
		t.Run(string(s), func(t *testing.T) {
			nodetest.NoLeaks(t)
			r := newRelay(t, Options{Serialization: s, Paused: true})
			frames := someMessages(t, r.from, 5*maxBatched)
			r.pass(t, someMessages(t, r.from, 1)) // from which on the channel has buffers
			before := r.to.out.writes
			if got := r.pass(t, frames); !bytes.Equal(got, frames) {
				t.Errorf("it passed on %q of %q", got, frames)
			}
			if n := r.to.out.writes - before; n != 1 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

// TestForwardRunIsBounded: a run is no longer than a write of several messages may be, which is less for an older Node, and a message of
// more goes alone.
func TestForwardRunIsBounded(t *testing.T) {
	nodetest.NoLeaks(t)
	r := newRelay(t, Options{Serialization: Advanced, NodeVersion: 18, Paused: true})
	var longest int
	large, err := r.from.codec.AppendFrame(nil, 0, string(bytes.Repeat([]byte("x"), maxAdvancedCoalesced)))
	if err != nil {
		t.Fatal(err)
	}
	small := someMessages(t, r.from, 2*maxAdvancedCoalesced/len(someMessages(t, r.from, 1)))
	frames := bytes.Join([][]byte{small, large, small}, nil)
	r.loop.Call(func() {
		OnLoop(r.from).HoldForwarding()
		if err := r.from.cutChunk(frames); err != nil {
			t.Error(err)
		}
		waiting := r.from.forwarding.waiting
		for i := waiting.head; i < len(waiting.items); i++ {
			if n := len(waiting.items[i].frame); n != len(large) {
				longest = max(longest, n)
			}
		}
		if n := waiting.len(); n < 5 || n > 7 {
			t.Errorf("%d runs", n)
		}
		OnLoop(r.from).ResumeForwarding()
	})
	if longest > maxAdvancedCoalesced || longest < maxAdvancedCoalesced-100 {
		t.Errorf("the longest run has %d bytes", longest)
	}
}

// BenchmarkForward passes on what a read brings of small messages.
func BenchmarkForward(b *testing.B) {
	for _, s := range []Serialization{JSON, Advanced} {
		for _, n := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s %d", s, n), func(b *testing.B) {
				r := newRelay(b, Options{Serialization: s, Paused: true})
				frames, room := someMessages(b, r.from, n), make([]byte, 64<<10)
				b.ReportAllocs()
				r.loop.Call(func() {
					for b.Loop() {
						if err := r.from.cutChunk(frames); err != nil {
							b.Error(err)
						}
						r.to.flush()
						unix.Read(r.recipient, room)
					}
				})
			})
		}
	}
}
