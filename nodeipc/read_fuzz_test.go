//go:build unix

package nodeipc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

const maxFuzzed = 32 << 10

// FuzzIncoming writes a channel what another process may, in pieces of any size with descriptors beside some.
// However it ends, the descriptors are closed and what comes of it is bounded.
func FuzzIncoming(f *testing.F) {
	for serialization, advanced := range map[string]bool{"json": false, "advanced": true} {
		for i, r := range nodetest.Recordings(f, serialization) {
			f.Add(bytes.Join(r.Frames, nil), uint16(i*7), uint8(i), advanced)
		}
	}
	for _, text := range []string{
		"", `"half`, "\x02{\"cmd\":\"NODE_X\"}\n", `{"cmd":"NODE_HANDLE_ACK"}` + "\n",
		`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":1,"key":"k"}` + "\n" + `{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"k"}` + "\n",
		`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_HANDLE","type":"net.Server","msg":null}}` + "\n1\n",
		`{"cmd":"nodecluster:request","id":1,"body":"x"}` + "\n" + `{"cmd":"nodecluster:response","id":1,"body":"x"}` + "\n",
		`{"cmd":"nodecluster:response","id":2,"error":{}}` + "\n" + `{"id":1,"cmd":"nodecluster:response"}` + "\n" + `{"cmd":"nodecluster:response"}` + "\n",
	} {
		f.Add([]byte(text), uint16(len(text)/2), uint8(5), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, piece uint16, beside uint8, advanced bool) {
		if len(text) > maxFuzzed {
			text = text[:maxFuzzed]
		}
		s := JSON
		if advanced {
			s = Advanced
		}
		inPieces := feed(t, s, text, int(piece)+1, beside)
		atOnce := feed(t, s, text, len(text)+1, 0)
		if beside == 0 && !sameMessages(inPieces, atOnce) {
			t.Fatalf("in pieces of %d: %q, at once: %q", int(piece)+1, inPieces, atOnce)
		}
	})
}

// feed gives the messages that a channel makes of text.
func feed(t *testing.T, s Serialization, text []byte, piece int, beside uint8) (messages [][]byte) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewChannel(pair[0], Options{Serialization: s, MaxMessageSize: maxFuzzed, Warn: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), nodetest.Patience)
	defer cancel()
	_, response := c.expectResponse() // without which none is looked for
	closed := writePieces(t, pair[1], text, piece, beside)
	size := 0
	for {
		m, err := c.Receive(ctx)
		if err != nil {
			expectKnownEnd(t, err)
			break
		}
		if m.Handle != nil {
			m.Handle.Close()
		}
		size += len(m.Payload())
		messages = append(messages, bytes.Clone(m.Payload()))
	}
	most := 3 * len(text) // each byte may be an U+FFFD
	if s == Advanced {
		most = 32*len(text) + 4096 // an object that is in two places of an envelope's message is in the message twice
	}
	select {
	case r := <-response:
		closeHandle(r.message.Handle)
		size += len(r.message.Payload())
	default:
	}
	if size > most {
		t.Fatalf("%d bytes of messages from %d", size, len(text))
	}
	c.Close()
	unix.Close(pair[1])
	closed()
	return messages
}

// writePieces writes text and ends the stream, and gives a function that fails if a descriptor is left open.
func writePieces(t *testing.T, fd int, text []byte, piece int, beside uint8) (closed func()) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	rights := unix.UnixRights(int(w.Fd()))
	blockPatiently(t, fd)
	for i := 0; len(text) > 0; i++ {
		n := min(piece, len(text))
		var control []byte
		if beside>>(i%8)&1 != 0 {
			control = rights
		}
		n, err := sendPatiently(fd, text[:n], control)
		if errors.Is(err, unix.EAGAIN) {
			t.Fatalf("the channel does not read: %v", err)
		} else if err != nil {
			break // the channel has had enough
		}
		text = text[n:]
	}
	unix.Shutdown(fd, unix.SHUT_WR)
	return func() {
		defer r.Close()
		r.SetReadDeadline(time.Now().Add(nodetest.Patience))
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Fatalf("a descriptor is still open: %v", err)
		}
	}
}

// sendPatiently writes once, whatever signals come meanwhile: with a limit to the wait the system does not go on by itself.
func sendPatiently(fd int, b, control []byte) (n int, err error) {
	for {
		if n, err = unix.SendmsgN(fd, b, control, nil, unix.MSG_NOSIGNAL); err != unix.EINTR {
			return n, err
		}
	}
}

// blockPatiently has reads and writes of a descriptor wait, but not for ever.
func blockPatiently(tb testing.TB, fd int) {
	tb.Helper()
	limit := unix.NsecToTimeval(nodetest.Patience.Nanoseconds())
	for _, option := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, option, &limit); err != nil {
			tb.Fatal(err)
		}
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		tb.Fatal(err)
	}
}

func expectKnownEnd(t *testing.T, err error) {
	if !errors.Is(err, ErrDisconnected) {
		t.Fatalf("the channel goes on: %v", err)
	}
	for _, known := range []error{ErrProtocol, ErrMessageTooLarge, ErrNotReading, io.ErrUnexpectedEOF} {
		if errors.Is(err, known) {
			return
		}
	}
	if err != ErrDisconnected {
		t.Fatalf("the channel ended with %v", err)
	}
}

func sameMessages(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
