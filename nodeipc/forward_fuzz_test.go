//go:build linux

package nodeipc

import (
	"bytes"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// maxForwarded is how long a message of the fuzzer's may be. A longer one ends the channel, and what came before is passed on.
const maxForwarded = 4 << 10

// FuzzForward has a channel forward what another process may write, in pieces of any size with descriptors beside some. All of it comes out
// in its order, byte for byte, but what is for this end and handles without a descriptor, and no descriptor stays open.
func FuzzForward(f *testing.F) {
	for serialization, advanced := range map[string]bool{"json": false, "advanced": true} {
		for i, r := range nodetest.Recordings(f, serialization) {
			f.Add(bytes.Join(r.Frames, nil), uint16(i*7), uint8(i), advanced)
		}
	}
	const user, internal, handle = "{\"n\":1}\n", `{"cmd":"NODE_CLUSTER","act":"online"}` + "\n", `{"cmd":"NODE_HANDLE","type":"net.Native","msg":1}` + "\n"
	for _, text := range []string{
		"", "\n\n", `"half`, user + user + internal + user + "half", user + handle + user + user + handle, "\x02" + internal + user + "\x02" + user,
		user + `{"cmd":"NODE_HANDLE_ACK"}` + "\n" + user + `{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"k"}` + "\n" + user, "{\"cmd\":\"NODE_\xff\"}\n",
		user + string(bytes.Repeat([]byte("x"), maxForwarded)) + "\n" + user,
	} {
		f.Add([]byte(text), uint16(len(text)/2), uint8(5), false)
		f.Add([]byte(text), uint16(len(text)), uint8(0), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, piece uint16, beside uint8, advanced bool) {
		s, m := JSON, forwardingModel{codec: codec.JSON}
		if advanced {
			s, m = Advanced, forwardingModel{codec: codec.Advanced}
		}
		text = text[:min(len(text), maxFuzzed)]
		m.feed(text)
		passed, kept := forwardPieces(t, s, text, int(piece)+1, beside)
		if !bytes.Equal(kept, m.kept) {
			t.Fatalf("this end kept %q, want %q", kept, m.kept)
		}
		got := forwardingModel{codec: m.codec, all: true}
		if rest := got.feed(passed); len(rest) > 0 {
			t.Fatalf("a part of a message was passed on: %q", rest)
		}
		if !bytes.Equal(got.passed, m.passed) || beside == 0 && len(got.handles) > 0 {
			t.Fatalf("it passed on %q and the handles %q, want %q", got.passed, got.handles, m.passed)
		}
	})
}

// forwardingModel says of a stream what is passed on and what is not, one frame at a time.
type forwardingModel struct {
	codec                 codec.Codec
	all                   bool // what is kept has been taken out
	passed, kept, handles []byte
}

func (m *forwardingModel) feed(text []byte) (rest []byte) {
	for {
		payload, size, need := m.codec.Cut(text, 0)
		if size == 0 || max(size, need) > maxForwarded {
			return text
		}
		frame := text[:size]
		text = text[size:]
		switch m.kind(payload) {
		case codec.Handle:
			m.handles = append(m.handles, frame...)
			continue
		case codec.Internal:
			if !m.all && isKept(frame) {
				m.kept = append(m.kept, frame...)
				continue
			}
		}
		m.passed = append(m.passed, frame...)
	}
}

// kind is whose a message is that begins as Node's do. All others are a user's to who passes them on.
func (m *forwardingModel) kind(payload []byte) codec.Kind {
	payload, _, _ = m.codec.DetectDialect(payload)
	begins := []byte(`{"cmd":"NODE_`)
	text := payload
	if m.codec == codec.Advanced {
		const header, length = 2, 2 + len("o\"\x03cmd\"") // where the length of cmd's value is
		if begins = []byte("o\"\x03cmd\"NODE_"); len(payload) <= length || payload[0] != 0xFF || payload[1] < 13 || payload[1] > 16 {
			return codec.User
		}
		text = append(bytes.Clone(payload[header:length]), payload[length+1:]...)
	}
	if !bytes.HasPrefix(text, begins) {
		return codec.User
	}
	kind, _ := m.codec.Classify(payload)
	return kind
}

func isKept(frame []byte) bool { return len(frame)%2 == 0 }

// forwardPieces writes text to a relay, and returns what comes out and what it kept.
func forwardPieces(t *testing.T, s Serialization, text []byte, piece int, beside uint8) (passed, kept []byte) {
	r := newRelay(t, Options{Serialization: s, MaxMessageSize: maxForwarded})
	r.loop.Call(func() { r.sieve.keeps = isKept })
	blockPatiently(t, r.recipient)
	done := make(chan error, 1)
	go func() {
		room := make([]byte, 64<<10)
		for {
			n, err := readWithRights(r.recipient, room)
			if n == 0 || err != nil {
				done <- err
				return
			}
			passed = append(passed, room[:n]...)
		}
	}()
	closed := writePieces(t, r.sender, text, piece, beside)
	if err := nodetest.Receive(t, done, "the end of what is passed on"); err != nil {
		t.Fatal(err)
	}
	r.loop.Call(func() { kept = bytes.Join(r.sieve.kept, nil) })
	r.from.Close()
	r.to.Close()
	closed()
	return passed, kept
}

// readWithRights reads, and closes the descriptors that come beside.
func readWithRights(fd int, room []byte) (n int, err error) {
	control := make([]byte, 1024)
	n, size, _, _, err := unix.Recvmsg(fd, room, control, unix.MSG_CMSG_CLOEXEC)
	if err == unix.EINTR {
		return readWithRights(fd, room)
	}
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:size])
	if err != nil {
		return 0, err
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return 0, err
		}
		for _, fd := range fds {
			unix.Close(fd)
		}
	}
	return n, nil
}
