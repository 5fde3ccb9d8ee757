//go:build linux

package nodeipc

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// collector keeps what has come, as a receiver may for ever.
type collector struct {
	nobody
	messages []Message
}

func (c *collector) HandleMessage(m Message) { c.messages = append(c.messages, m) }

// However messages fall into reads, each has memory of its own that later ones leave alone.
func TestMessagesKeepTheirBytes(t *testing.T) {
	eachFall(t, func(t *testing.T, s Serialization, most int, random *rand.Rand) {
		in := &collector{}
		c, peer := channelAndPeer(t, Options{Serialization: s, Handler: in, Paused: true})
		texts := randomTexts(random, 60, most)
		inPieces(t, c, peer, random, texts)
		if len(in.messages) != len(texts) {
			t.Fatalf("%d messages of %d, %v", len(in.messages), len(texts), c.Err())
		}
		for i, m := range in.messages {
			expectBytes(t, m, texts[i])
		}
	})
}

// eachFall calls f for both serializations, and messages of up to some sizes.
func eachFall(t *testing.T, f func(t *testing.T, s Serialization, most int, random *rand.Rand)) {
	for _, s := range []Serialization{JSON, Advanced} {
		for _, most := range []int{100, 3000, 100 << 10, 600 << 10} {
			t.Run(fmt.Sprintf("%s up to %d", s, most), func(t *testing.T) {
				nodetest.NoLeaks(t)
				f(t, s, most, rand.New(rand.NewPCG(1, uint64(most))))
			})
		}
	}
}

func randomTexts(random *rand.Rand, n, most int) (texts []string) {
	for range n {
		texts = append(texts, strings.Repeat(string(rune('a'+random.IntN(26))), random.IntN(most)))
	}
	return texts
}

// inPieces writes messages in pieces of random lengths to a paused channel, which reads them in as many.
func inPieces(t *testing.T, c *Channel, peer int, random *rand.Rand, texts []string) {
	t.Helper()
	var stream []byte
	for _, text := range texts {
		var err error
		if stream, err = c.codec.AppendFrame(stream, 0, text); err != nil {
			t.Fatal(err)
		}
	}
	for len(stream) > 0 {
		n, err := unix.Write(peer, stream[:min(len(stream), 1+random.IntN(90<<10))])
		if err != nil {
			t.Fatal(err)
		}
		stream = stream[n:]
		c.loop.Call(func() {
			for range random.IntN(3) {
				c.read()
			}
		})
		c.loop.Call(c.drain)
	}
}

// expectBytes says where a message is not text.
func expectBytes(t *testing.T, m Message, text string) {
	t.Helper()
	var got string
	if err := m.Decode(&got); err != nil || got != text {
		t.Errorf("a message has %d characters (%.8q…) in place of %d (%.8q…), %v", len(got), got, len(text), text, err)
	}
	if !bytes.Contains(m.Payload(), []byte(text)) {
		t.Errorf("the payload of %d bytes is not %.8q…", len(m.Payload()), text)
	}
}

// A message whose end does not come costs memory, and work, in proportion to what has come of it.
func TestALineWithoutAnEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	c, peer := channelAndPeer(t, Options{Handler: nobody{}, Paused: true})
	const size = 32 << 20
	piece := bytes.Repeat([]byte("x"), 64<<10)
	before := allocated()
	for written := 0; written < size; {
		n, err := unix.Write(peer, piece)
		if err != nil {
			t.Fatal(err)
		}
		written += n
		c.loop.Call(c.drain)
	}
	if n := allocated() - before; n > 6*size {
		t.Errorf("%d bytes were allocated for %d", n, size)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// channelAndPeer gives a channel, and the descriptor of its other end.
func channelAndPeer(tb testing.TB, o Options) (*Channel, int) {
	tb.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { unix.Close(pair[1]) })
	unix.SetNonblock(pair[1], true)
	c, err := NewChannel(pair[0], o)
	if err != nil {
		unix.Close(pair[0])
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return c, pair[1]
}
