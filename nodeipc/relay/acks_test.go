//go:build unix

package relay_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"golang.org/x/sys/unix"
)

// TestAnswersAreTimed: each from the handle that it is about, in their order, in either direction.
func TestAnswersAreTimed(t *testing.T) {
	inEach(t, func(t *testing.T, s nodeipc.Serialization, frame func(string) string) {
		var w witness
		parent, child, r := between(t, relay.Options{Serialization: s, Observer: &w})
		exchange := func(from, to *side, message string) {
			from.write(frame(message))
			to.expect(frame(message))
		}
		exchange(parent, child, handle)
		exchange(parent, child, handle)
		exchange(child, parent, handle)
		exchange(child, parent, ack)
		exchange(child, parent, nack)
		exchange(parent, child, ack)
		exchange(parent, child, ack) // for nothing
		parent.conn.Close()
		await(t, r)
		f := w.frames
		want := []time.Duration{
			3: f[3].Time.Sub(f[0].Time), 4: f[4].Time.Sub(f[1].Time), 5: f[5].Time.Sub(f[2].Time), 6: 0,
		}
		for i := range f {
			if f[i].Latency != want[i] || i >= 3 && i < 6 && f[i].Latency <= 0 {
				t.Errorf("the latency of frame %d (%s) is %v, want %v", i, f[i].Kind, f[i].Latency, want[i])
			}
		}
	})
}

// TestKeptUntilAnswered: macOS may lose a descriptor that is closed while it is on its way.
func TestKeptUntilAnswered(t *testing.T) {
	inEach(t, func(t *testing.T, s nodeipc.Serialization, frame func(string) string) {
		for _, long := range []string{"", strings.Repeat("x", 100<<10)} {
			for _, answer := range []string{ack, nack} {
				parent, child, _ := between(t, relay.Options{Serialization: s})
				read, write := pipe(t)
				message := frame(strings.Replace(handle, `"n":1`, `"n":"`+long+`"`, 1))
				writing(t, func() { parent.write(message, write) })
				child.expect(message, write)
				passOn(parent, child, frame(`"next"`)) // after which the relay would have closed it
				write.Close()
				if isClosed(t, read) {
					t.Fatal("the relay has closed a descriptor that nobody has acknowledged")
				}
				passOn(child, parent, frame(answer))
				expectClosed(t, read)
			}
		}
	})
}

// TestUnaskedAreNotKept: nobody acknowledges them.
func TestUnaskedAreNotKept(t *testing.T) {
	parent, child, _ := between(t, relay.Options{})
	read, write := pipe(t)
	other := newFile(t)
	parent.write("\"plain\"\n", write)
	child.expect("\"plain\"\n", write)
	parent.write(handle+"\n", other, write)
	child.expect(handle+"\n", other, write)
	write.Close()
	expectClosed(t, read)
}

// TestKeptAreBounded: who never acknowledges does not have the relay run out of descriptors.
func TestKeptAreBounded(t *testing.T) {
	const many = 64
	parent, child, _ := between(t, relay.Options{})
	read, write := pipe(t)
	parent.write(handle+"\n", write)
	child.expect(handle+"\n", write)
	write.Close()
	other := newFile(t)
	for i := range many {
		if isClosed(t, read) {
			t.Fatalf("it is closed with %d behind it", i)
		}
		parent.write(handle+"\n", other)
		child.expect(handle+"\n", other)
	}
	expectClosed(t, read)
}

func passOn(from, to *side, message string) {
	from.write(message)
	to.expect(message)
}

func pipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close(); write.Close() })
	return read, write
}

// isClosed reports whether nobody has the other end of a pipe open.
func isClosed(t *testing.T, read *os.File) (closed bool) {
	t.Helper()
	raw, err := read.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Read(func(fd uintptr) bool {
		n, err := unix.Read(int(fd), make([]byte, 1))
		closed = n == 0 && err == nil
		return true
	})
	return closed
}

func expectClosed(t *testing.T, read *os.File) {
	t.Helper()
	read.SetReadDeadline(time.Now().Add(patience))
	if n, err := read.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("somebody still has the descriptor: %d, %v", n, err)
	}
}
