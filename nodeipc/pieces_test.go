//go:build linux

package nodeipc

import (
	"bytes"
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
	for _, s := range []Serialization{JSON, Advanced} {
		for _, most := range []int{100, 3000, 100 << 10, 600 << 10} {
			nodetest.NoLeaks(t)
			random := rand.New(rand.NewPCG(1, uint64(most)))
			in := &collector{}
			c, peer := channelAndPeer(t, Options{Serialization: s, Handler: in, Paused: true})
			var texts []string
			var stream []byte
			for range 60 {
				texts = append(texts, strings.Repeat(string(rune('a'+random.IntN(26))), random.IntN(most)))
				var err error
				if stream, err = c.codec.AppendFrame(stream, 0, texts[len(texts)-1]); err != nil {
					t.Fatal(err)
				}
			}
			for len(stream) > 0 {
				piece := stream[:min(len(stream), 1+random.IntN(90<<10))]
				n, err := unix.Write(peer, piece)
				if err != nil {
					t.Fatal(err)
				}
				stream = stream[n:]
				c.loop.Call(func() {
					for range random.IntN(3) {
						c.read()
					}
				})
				c.loop.Call(c.Drain)
			}
			if len(in.messages) != len(texts) {
				t.Fatalf("%s up to %d: %d messages of %d, %v", s, most, len(in.messages), len(texts), c.Err())
			}
			for i, m := range in.messages {
				var text string
				if err := m.Decode(&text); err != nil || text != texts[i] {
					t.Fatalf("%s up to %d: message %d has %d characters of %d, %v", s, most, i, len(text), len(texts[i]), err)
				}
				if !bytes.Contains(m.Payload(), []byte(text)) {
					t.Errorf("%s up to %d: payload %d", s, most, i)
				}
			}
		}
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
		c.loop.Call(c.Drain)
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
