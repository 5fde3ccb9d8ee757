//go:build linux

package nodeipc

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// releaser releases most messages, now or some messages later, and looks after those that it keeps.
type releaser struct {
	nobody
	t      *testing.T
	random *rand.Rand
	texts  []string
	kept   []Message
	wanted []string
}

func (r *releaser) HandleMessage(m Message) {
	text := r.texts[0]
	r.texts = r.texts[1:]
	expectBytes(r.t, m, text)
	if r.random.IntN(2) == 0 {
		m.Release()
		return
	}
	r.kept, r.wanted = append(r.kept, m), append(r.wanted, text)
	if i := r.random.IntN(len(r.kept)); r.random.IntN(2) == 0 {
		expectBytes(r.t, r.kept[i], r.wanted[i])
		r.kept[i].Release()
		r.kept[i].Release()
		last := len(r.kept) - 1
		r.kept[i], r.wanted[i] = r.kept[last], r.wanted[last]
		r.kept, r.wanted = r.kept[:last], r.wanted[:last]
	}
}

// However messages fall into reads, those that were not released keep their bytes.
func TestReleaseLeavesOtherMessagesAlone(t *testing.T) {
	eachFall(t, func(t *testing.T, s Serialization, most int, random *rand.Rand) {
		in := &releaser{t: t, random: random, texts: randomTexts(random, 80, most)}
		c, peer := channelAndPeer(t, Options{Serialization: s, Handler: in, Paused: true})
		inPieces(t, c, peer, random, in.texts)
		if len(in.texts) > 0 {
			t.Fatalf("%d messages did not come, %v", len(in.texts), c.Err())
		}
		for i, m := range in.kept {
			expectBytes(t, m, in.wanted[i])
		}
	})
}

// Programs receive and release on other goroutines than the channel's.
func TestReleaseBesideTheLoop(t *testing.T) {
	for _, s := range []Serialization{JSON, Advanced} {
		nodetest.NoLeaks(t)
		c, peer := channelAndPeer(t, Options{Serialization: s})
		fd, err := unix.Dup(peer)
		if err != nil {
			t.Fatal(err)
		}
		sender, err := NewChannel(fd, Options{Serialization: s})
		if err != nil {
			t.Fatal(err)
		}
		const senders, messages = 4, 100
		ctx := nodetest.Context(t)
		var all sync.WaitGroup
		for i := range senders {
			all.Go(func() {
				text := strings.Repeat(string(rune('a'+i)), (i+1)*30<<10)
				for range messages {
					if err := sender.Send(ctx, text); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		var left sync.WaitGroup
		for range senders {
			left.Go(func() {
				for range messages {
					m, err := c.Receive(ctx)
					if err != nil {
						t.Error(err)
						return
					}
					var text string
					if err := m.Decode(&text); err != nil || strings.Trim(text, text[:1]) != "" {
						t.Errorf("a mixed message of %d bytes, %v", len(text), err)
					}
					m.Release()
				}
			})
		}
		all.Wait()
		left.Wait()
		sender.Close()
		c.Close()
	}
}

// A message that was released says so, and releasing it again takes nothing from its successor.
func TestReleased(t *testing.T) {
	nodetest.NoLeaks(t)
	in := &collector{}
	c, peer := channelAndPeer(t, Options{Handler: in, Paused: true})
	texts := []string{strings.Repeat("a", 60<<10), strings.Repeat("b", 60<<10), strings.Repeat("c", 60<<10)}
	random := rand.New(rand.NewPCG(1, 1))
	for i := range texts {
		inPieces(t, c, peer, random, texts[i:i+1])
		if i == 0 {
			in.messages[0].Release()
		}
	}
	in.messages[0].Release()
	var text string
	if raw := in.messages[0].Raw(); raw != nil {
		t.Errorf("a message that was released is to be sent as %q", raw)
	}
	if err := in.messages[0].Decode(&text); err == nil || in.messages[0].Payload() != nil {
		t.Errorf("a message that was released has a payload of %d bytes, %v", len(in.messages[0].Payload()), err)
	}
	for i := 1; i < len(texts); i++ {
		expectBytes(t, in.messages[i], texts[i])
	}
}

// A message that several have is nobody's to release.
func TestSharedIsNotReleased(t *testing.T) {
	nodetest.NoLeaks(t)
	in := &collector{}
	c, peer := channelAndPeer(t, Options{Handler: in, Paused: true})
	texts := []string{strings.Repeat("a", 60<<10), strings.Repeat("b", 60<<10)}
	random := rand.New(rand.NewPCG(1, 1))
	inPieces(t, c, peer, random, texts[:1])
	shared := in.messages[0].Shared()
	shared.Release()
	inPieces(t, c, peer, random, texts[1:])
	expectBytes(t, shared, texts[0])
	expectBytes(t, in.messages[1], texts[1])
}
