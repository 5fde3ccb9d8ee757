//go:build linux

package nodeipc

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

type greeting struct {
	Text string `json:"text"`
	N    int    `json:"n"`
}

// frames are n times the frame of a message.
func frames(tb testing.TB, c *Channel, n int, message any) []byte {
	tb.Helper()
	frame, err := c.codec.AppendFrame(nil, 0, message)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Repeat(frame, n)
}

func writeAll(tb testing.TB, fd int, b []byte) {
	tb.Helper()
	if n, err := unix.Write(fd, b); n != len(b) {
		tb.Fatalf("wrote %d bytes of %d: %v", n, len(b), err)
	}
}

func readAll(tb testing.TB, fd int, b []byte) {
	tb.Helper()
	for read := 0; read < len(b); {
		n, err := unix.Read(fd, b[read:])
		if n <= 0 {
			tb.Fatalf("read %d bytes of %d: %v", read, len(b), err)
		}
		read += n
	}
}

// writesOf is how many writes f takes.
func writesOf(c *Channel, f func()) int {
	before := countedWrites(c)
	f()
	return countedWrites(c) - before
}

func countedWrites(c *Channel) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.writes
}

// Messages on a corked channel go out together, in order, and what comes after Uncork goes out at once.
func TestCork(t *testing.T) {
	nodetest.NoLeaks(t)
	c, peer := channelAndPeer(t, Options{})
	c.mu.Lock()
	c.out.deferredWrite.scheduled = true // so that no timer writes
	c.mu.Unlock()
	const together = maxBatched - 1
	tell := func(n int) {
		for range n {
			if err := c.Tell("message"); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.Cork()
	if n := writesOf(c, func() { tell(together) }); n != 0 {
		t.Errorf("%d writes on a corked channel", n)
	}
	if n := writesOf(c, c.Uncork); n != 1 {
		t.Errorf("%d writes for %d messages", n, together)
	}
	if n := writesOf(c, func() { tell(3) }); n != 3 {
		t.Errorf("%d writes for 3 messages after Uncork", n)
	}
	c.Cork()
	if n := writesOf(c, func() { tell(10 * maxBatched) }); n < 9 {
		t.Errorf("%d writes for %d messages: one reader waits for them all", n, 10*maxBatched)
	}
	c.Uncork()
	want := frames(t, c, together+3+10*maxBatched, "message")
	got := make([]byte, len(want))
	readAll(t, peer, got)
	if !bytes.Equal(got, want) {
		t.Error("the peer has read something else")
	}
}

// A message on a channel that stays corked is written in the end.
func TestCorkedForGood(t *testing.T) {
	nodetest.NoLeaks(t)
	c, peer := channelAndPeer(t, Options{})
	c.Cork()
	if err := c.Tell("message"); err != nil {
		t.Fatal(err)
	}
	nodetest.Await(t, func() {
		for countedWrites(c) == 0 {
			runtime.Gosched()
		}
	}, "write")
	readAll(t, peer, make([]byte, len(frames(t, c, 1, "message"))))
}

// Messages that come in one read are answered in few writes, and one that comes alone at once.
func TestAnswersGoOutTogether(t *testing.T) {
	nodetest.NoLeaks(t)
	c, peer := channelAndPeer(t, Options{})
	c.mu.Lock()
	c.out.deferredWrite.scheduled = true // so that no timer writes, which on a busy machine comes before the answers are there
	c.mu.Unlock()
	ctx := nodetest.Context(t)
	const inFlight = 64
	answer := func(n int) {
		writeAll(t, peer, frames(t, c, n, "question"))
		for range n {
			m, err := c.Receive(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Send(ctx, &m.payload); err != nil {
				t.Fatal(err)
			}
		}
	}
	answer(1) // the loop's goroutine may have heard it
	for range 10 {
		if n := writesOf(c, func() { answer(1) }); n != 1 {
			t.Errorf("%d writes for one answer", n)
		}
		if n := writesOf(c, func() { answer(inFlight) }); n > inFlight/maxBatched+1 {
			t.Errorf("%d writes for %d answers", n, inFlight)
		}
		readAll(t, peer, make([]byte, (inFlight+1)*len(frames(t, c, 1, []byte(`"question"`)))))
	}
}

// On the loop, too.
func TestPostsGoOutTogether(t *testing.T) {
	nodetest.NoLeaks(t)
	c, _ := channelAndPeer(t, Options{Handler: nobody{}})
	const posts = 64
	n := writesOf(c, func() {
		c.loop.Call(func() {
			for range posts {
				if err := OnLoop(c).Post("post", nil); err != nil {
					t.Error(err)
				}
			}
		})
		c.loop.Call(func() {})
	})
	if n != posts/maxBatched {
		t.Errorf("%d writes for %d messages", n, posts)
	}
}

// What is left to a receiver who does not come back goes out all the same.
func TestAnswersDoNotWaitForTheReceiver(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, end := range map[string]func(*Channel) error{
		"time": func(*Channel) error { return nil }, "Close": (*Channel).Close, "Disconnect": (*Channel).Disconnect,
	} {
		t.Run(name, func(t *testing.T) {
			c, peer := channelAndPeer(t, Options{})
			writeAll(t, peer, frames(t, c, 2, "question"))
			if _, err := c.Receive(nodetest.Context(t)); err != nil {
				t.Fatal(err)
			}
			if err := c.Send(nodetest.Context(t), "answer"); err != nil {
				t.Fatal(err)
			}
			if err := end(c); err != nil {
				t.Error(err)
			}
			blockPatiently(t, peer)
			readAll(t, peer, make([]byte, len(frames(t, c, 1, "answer"))))
		})
	}
}

// What a round trip allocates is the user's: the value in an any, and what go-json or structuredclone decode into.
func TestAllocationsOfARoundTrip(t *testing.T) {
	for s, most := range map[Serialization]float64{JSON: 2, Advanced: 1} {
		nodetest.NoLeaks(t)
		c, peer := channelAndPeer(t, Options{Serialization: s})
		ctx := nodetest.Context(t)
		var message any = &greeting{"hello", 1}
		frame := frames(t, c, 1, message)
		buf := make([]byte, len(frame))
		n := testing.AllocsPerRun(1000, func() {
			writeAll(t, peer, frame)
			m, err := c.Receive(ctx)
			if err != nil {
				t.Fatal(err)
			}
			var got greeting
			if err := m.Decode(&got); err != nil || got.Text != "hello" {
				t.Fatal(got, err)
			}
			if err := c.Send(ctx, message); err != nil {
				t.Fatal(err)
			}
			readAll(t, peer, buf)
		})
		if n > most && !raceDetector {
			t.Errorf("%s: %v allocations a round trip, want %v at the most", s, n, most)
		}
	}
}

// A large message is allocated once, and decoding a string in it allocates nothing more.
func TestALargeMessageIsAllocatedOnce(t *testing.T) {
	for _, s := range []Serialization{JSON, Advanced} {
		bytes := allocatedByLarge(t, s, func(Message) {})
		if most := int64(large) * 5 / 4; bytes > most && !raceDetector {
			t.Errorf("%s: %d bytes are allocated for a message of %d", s, bytes, large)
		}
	}
}

// One that comes after another was released is not allocated at all.
func TestReleasedMemoryIsNotAllocatedAgain(t *testing.T) {
	for _, s := range []Serialization{JSON, Advanced} {
		bytes := allocatedByLarge(t, s, Message.Release)
		if bytes > 1<<10 && !raceDetector {
			t.Errorf("%s: %d bytes are allocated for a message of %d", s, bytes, large)
		}
	}
}

const large = 64 << 10

// allocatedByLarge says how many bytes are allocated to receive a large message and decode it.
func allocatedByLarge(t *testing.T, s Serialization, finish func(Message)) int64 {
	nodetest.NoLeaks(t)
	in := &collector{}
	c, peer := channelAndPeer(t, Options{Serialization: s, Handler: in, Paused: true})
	frame := frames(t, c, 1, strings.Repeat("x", large))
	receive := func() {
		writeAll(t, peer, frame)
		in.messages = in.messages[:0]
		c.loop.Call(c.drain)
		var text string
		if len(in.messages) != 1 || in.messages[0].Decode(&text) != nil || len(text) != large {
			t.Fatal("it did not arrive")
		}
		finish(in.messages[0])
	}
	receive() // after which there is all that is allocated once
	messages := 2000
	if raceDetector {
		messages = 100 // nobody looks at the number then
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range messages {
		receive()
	}
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc-before.TotalAlloc) / int64(messages)
}
