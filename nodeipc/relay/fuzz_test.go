//go:build unix

package relay_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
)

const maxFuzzed = 4 << 10

// FuzzBytes sends anything through a relay in pieces, some with descriptors beside them, as no Node would. The same bytes
// come out, and each descriptor once, in their order, with a read that could have brought it without a relay.
func FuzzBytes(f *testing.F) {
	for serialization, advanced := range map[string]bool{"json": false, "advanced": true} {
		recordings := nodetest.Recordings(f, serialization)
		for i := 0; i < len(recordings); i += 20 {
			f.Add(bytes.Join(recordings[i].Frames, nil), []byte{byte(i), 200, 17}, advanced)
		}
	}
	f.Add([]byte(handle+"\n"+ack+"\n"+handle+"\n"), []byte{byte(len(handle) + 1), byte(len(ack) + 1), 255}, false)
	f.Add([]byte("1\n"+handle+"\n"), []byte{0, 2, 128}, false)
	f.Add([]byte("\xff\xff\xff\xff"), []byte{129}, true)
	f.Fuzz(func(t *testing.T, text, lengths []byte, advanced bool) {
		if len(text) == 0 || len(lengths) == 0 {
			return
		}
		var pieces []piece
		for rest, i := text[:min(len(text), maxFuzzed)], 0; len(rest) > 0; i++ {
			n := min(int(lengths[i%len(lengths)])+1, len(rest))
			pieces = append(pieces, piece{string(rest[:n]), n%2 == 1})
			rest = rest[n:]
		}
		sent, received := pass(t, advanced, pieces)
		before := 0
		for i, p := range sent {
			if at := received[i].begin; at < before || at >= p.end {
				t.Fatalf("descriptor %d was sent with the bytes %d to %d and came with %d", i, p.begin, p.end, at)
			}
			before = p.begin
		}
	})
}

// FuzzMessages sends what a Node could: messages in pieces of any size, and a handle beside the first byte of its own
// message. Each handle comes out beside that byte, and in one piece with its message if it was sent in one.
func FuzzMessages(f *testing.F) {
	f.Add([]byte{1, 3, 2, 3, 3, 3, 255, 3}, false)
	f.Add([]byte{250, 9, 3, 255, 3, 3, 31, 3}, true)
	f.Add(bytes.Repeat([]byte{3, 3, 7}, 20), false)
	f.Fuzz(func(t *testing.T, script []byte, advanced bool) {
		var pieces []piece
		for _, b := range script[:min(len(script), 200)] {
			pieces = append(pieces, messageFor(t, b, advanced)...)
		}
		sent, received := pass(t, advanced, pieces)
		for i, p := range sent {
			whole := p.end - p.begin
			if got := received[i]; got.begin != p.begin || whole > 100 && got.end != p.end {
				t.Fatalf("handle %d was sent with the bytes %d to %d and came with %d to %d", i, p.begin, p.end, got.begin, got.end)
			}
		}
	})
}

// messageFor makes of a byte a message, long or short, with a handle or without, whole or in two pieces.
func messageFor(t *testing.T, b byte, advanced bool) []piece {
	text := strings.Repeat("x", 1<<(b>>4))
	withHandle, whole := b&1 != 0, b&2 != 0
	message := fmt.Sprintf(`{"cmd":"other","text":%q}`, text)
	if withHandle {
		message = fmt.Sprintf(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"text":%q,"more":"and enough to be longer than 100 bytes"}}`, text)
	}
	frame := message + "\n"
	if advanced {
		frame = advancedFrame(t, message)
	}
	if whole {
		return []piece{{frame, withHandle}}
	}
	cut := 1 + int(b)%20
	return []piece{{frame[:cut], withHandle}, {frame[cut:], false}}
}

// piece is what is sent in one write.
type piece struct {
	text           string
	withDescriptor bool
}

// place is where in the stream a descriptor was: with the write, or the read, of the bytes from begin to end.
type place struct{ begin, end int }

// pass passes pieces through a relay, and says where the descriptors were on each side of it. All else has to be as
// it was.
func pass(t *testing.T, advanced bool, pieces []piece) (sent, received []place) {
	t.Helper()
	o := relay.Options{Observer: new(witness)}
	if advanced {
		o.Serialization = nodeipc.Advanced
	}
	parent, child, r := connect(t, o)
	files := []*os.File{newFile(t), newFile(t), newFile(t)}
	var text string
	var inodes []uint64
	for _, p := range pieces {
		if p.withDescriptor {
			inodes = append(inodes, inodeOf(t, int(files[len(sent)%len(files)].Fd())))
			sent = append(sent, place{len(text), len(text) + len(p.text)})
		}
		text += p.text
	}
	writing(t, func() {
		handles := 0
		for _, p := range pieces {
			if !p.withDescriptor {
				parent.write(p.text)
				continue
			}
			parent.write(p.text, files[handles%len(files)])
			handles++
		}
		parent.conn.Close()
	})
	got, received, gotInodes := child.readAll()
	await(t, r)
	if got != text {
		t.Fatalf("came %q, want %q", got, text)
	}
	if !slices.Equal(gotInodes, inodes) {
		t.Fatalf("came the descriptors %v, want %v", gotInodes, inodes)
	}
	expectSeen(t, o.Observer.(*witness), len(text))
	return sent, received
}

// readAll reads to the end.
func (s *side) readAll() (text string, places []place, inodes []uint64) {
	var all []byte
	for {
		piece, found := s.read()
		if piece == "" {
			return string(all), places, inodes
		}
		for _, inode := range found {
			places, inodes = append(places, place{len(all), len(all) + len(piece)}), append(inodes, inode)
		}
		all = append(all, piece...)
	}
}

// expectSeen expects that the observer was told of n bytes.
func expectSeen(t *testing.T, w *witness, n int) {
	t.Helper()
	seen := 0
	for _, f := range w.frames {
		seen += f.Size
	}
	for _, e := range w.ends {
		seen += e.Partial
	}
	if seen != n {
		t.Fatalf("the observer was told of %d bytes, want %d", seen, n)
	}
}
