package nodeipc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// catcher is a handler that keeps the last message.
type catcher struct {
	nobody
	last any
}

func (c *catcher) HandleMessage(m Message) { c.last = m }

// A message that is sent on is checked when it comes, and neither checked nor copied into new memory for any of those that get it.
func TestSendingOnAllocatesNothing(t *testing.T) {
	for _, serialization := range []Serialization{JSON, Advanced} {
		for _, size := range []int{10, 64 << 10} {
			t.Run(fmt.Sprint(serialization, size), func(t *testing.T) { testSendingOn(t, serialization, size) })
		}
	}
}

func testSendingOn(t *testing.T, serialization Serialization, size int) {
	nodetest.NoLeaks(t)
	by := map[Serialization]codec.Codec{JSON: codec.JSON, Advanced: codec.Advanced}[serialization]
	frame, err := by.AppendFrame(nil, 0, []string{strings.Repeat("é", size/2), "x"})
	if err != nil {
		t.Fatal(err)
	}
	handler := &catcher{}
	from, _ := newPausedChannel(t, Options{Serialization: serialization, Handler: handler})
	from.loop.Call(func() { err = from.cutChunk(frame) })
	if err != nil {
		t.Fatal(err)
	}
	room := make([]byte, 2*len(frame))
	for range 3 {
		to, peer := newPausedChannel(t, Options{Serialization: serialization, Handler: nobody{}})
		if n := testing.AllocsPerRun(100, func() {
			if err := to.Tell(handler.last); err != nil {
				t.Error(err)
			}
			if n, err := unix.Read(peer, room); n != len(frame) {
				t.Errorf("the peer read %d bytes of %d: %v", n, len(frame), err)
			}
		}); n != 0 && !raceDetector {
			t.Errorf("%v allocations", n)
		}
	}
}

// newPausedChannel makes a channel and returns it with the descriptor of its peer.
func newPausedChannel(t *testing.T, o Options) (c *Channel, peer int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pair[1]) })
	o.Paused, o.NodeVersion = true, firstNodeOfLargeReads
	if c, err = NewChannel(pair[0], o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, pair[1]
}
