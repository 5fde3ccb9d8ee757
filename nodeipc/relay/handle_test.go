//go:build unix

package relay_test

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"golang.org/x/sys/unix"
)

// TestHandleKeepsItsMessage: a read that brings plain messages and the one with the handle gives the relay no hint
// where the handle stands, and the receiver gets it beside the right one all the same, in a read of its own.
func TestHandleKeepsItsMessage(t *testing.T) {
	inEach(t, func(t *testing.T, s nodeipc.Serialization, frame func(string) string) {
		var w witness
		slow := &slowStart{Observer: &w, release: make(chan struct{})}
		parent, child, r := between(t, relay.Options{Serialization: s, Observer: slow})
		first, second := newFile(t), newFile(t)
		busy := frame(`"the relay is kept busy by this"`)
		parent.write(busy)
		parent.write(frame(`1`))
		parent.write(frame(`2`))
		parent.write(frame(handle), first)
		parent.write(frame(`3`))
		parent.write(frame(handle), second)
		parent.write(frame(`4`))
		close(slow.release)
		child.expect(busy + frame(`1`) + frame(`2`))
		child.expect(frame(handle), first)
		child.expect(frame(`3`))
		child.expect(frame(handle), second)
		child.expect(frame(`4`))
		parent.conn.Close()
		await(t, r)
		want := "to child message, to child message, to child message, to child handle net.Native +, to child message, " +
			"to child handle net.Native +, to child message"
		if got := describe(w.frames); got != want {
			t.Errorf("frames %q, want %q", got, want)
		}
	})
}

// slowStart is an observer that takes its time over the first frame.
type slowStart struct {
	relay.Observer
	release chan struct{}
}

func (s *slowStart) HandleFrame(f *relay.Frame) {
	<-s.release
	s.Observer.HandleFrame(f)
}

func TestHandleInPieces(t *testing.T) {
	inEach(t, func(t *testing.T, s nodeipc.Serialization, frame func(string) string) {
		var w witness
		parent, child, r := between(t, relay.Options{Serialization: s, Observer: &w})
		file, whole := newFile(t), frame(handle)
		parent.write(whole[:3], file)
		parent.write(whole[3:20])
		parent.write(whole[20:] + frame(`1`))
		child.expect(whole, file)
		child.expect(frame(`1`))
		parent.conn.Close()
		await(t, r)
		if got, want := describe(w.frames), "to child handle net.Native +, to child message"; got != want {
			t.Errorf("frames %q, want %q", got, want)
		}
	})
}

// TestLongHandleMessage is one of which the beginning goes out before its end is there.
func TestLongHandleMessage(t *testing.T) {
	inEach(t, func(t *testing.T, s nodeipc.Serialization, frame func(string) string) {
		var w witness
		parent, child, r := between(t, relay.Options{Serialization: s, Observer: &w})
		file := newFile(t)
		long := frame(strings.Replace(handle, `"n":1`, `"n":"`+strings.Repeat("x", 3<<20)+`"`, 1))
		writing(t, func() { parent.write(long, file) })
		child.expect(long, file)
		parent.conn.Close()
		await(t, r)
		if f := w.frames[0]; f.Kind != relay.HandleMessage || len(f.Handles) != 1 || !f.Truncated {
			t.Errorf("the frame is %s with %v, truncated %t", f.Kind, f.Handles, f.Truncated)
		}
	})
}

func TestDescriptorsThatNobodyAskedFor(t *testing.T) {
	var w witness
	parent, child, r := between(t, relay.Options{Observer: &w})
	a, b, c := newFile(t), newFile(t), newFile(t)
	parent.write("\"one\"\n", a)
	child.expect("\"one\"\n", a)
	parent.write("\"three\"\n", a, b, c)
	child.expect("\"three\"\n", a, b, c)
	parent.write("\"be")
	child.expect("\"be")
	parent.write("fore\"\n", b)
	child.expect("fore\"\n", b)
	parent.write("\"half", c)
	parent.conn.Close()
	child.expect("\"half", c)
	child.expectEnd()
	await(t, r)
	if got, want := describe(w.frames), "to child message +, to child message + + +, to child message +"; got != want {
		t.Errorf("frames %q, want %q", got, want)
	}
}

func TestManyHandlesInARow(t *testing.T) {
	const many = 300
	parent, child, _ := between(t, relay.Options{})
	file := newFile(t)
	writing(t, func() {
		for range many {
			parent.write(handle+"\n", file)
		}
	})
	for range many {
		child.expect(handle+"\n", file)
	}
}

// TestHandleWaitsForTheReader: a message with a handle is not to be read together with a plain one before it.
func TestHandleWaitsForTheReader(t *testing.T) {
	parent, child, _ := between(t, relay.Options{})
	file := newFile(t)
	parent.write("1\n")
	waitUntilRead(t, parent)
	parent.write(handle+"\n", file)
	waitUntilRead(t, parent)
	time.Sleep(20 * time.Millisecond) // a relay that does not wait has written it by now
	child.expect("1\n")
	child.expect(handle+"\n", file)
}

func waitUntilRead(t *testing.T, s *side) {
	t.Helper()
	raw, err := s.conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for unread, until := 1, time.Now().Add(patience); unread > 0; time.Sleep(time.Millisecond) {
		raw.Control(func(fd uintptr) { unread, err = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ) })
		if err != nil || time.Now().After(until) {
			t.Fatalf("%d bytes are not read (%v)", unread, err)
		}
	}
}

func TestHandlesAreDescribed(t *testing.T) {
	listener := listen(t, "tcp", "127.0.0.1:0")
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	path := t.TempDir() + "/socket"
	pipe := listen(t, "unix", path)
	for name, test := range map[string]struct {
		file *os.File
		want relay.Handle
	}{
		"server":      {fileOf(t, listener), relay.Handle{Network: "tcp", Local: listener.Addr().String(), Listening: true}},
		"connection":  {fileOf(t, conn), relay.Handle{Network: "tcp", Local: conn.LocalAddr().String(), Remote: conn.RemoteAddr().String()}},
		"UDP":         {fileOf(t, udp), relay.Handle{Network: "udp", Local: udp.LocalAddr().String()}},
		"Unix server": {fileOf(t, pipe), relay.Handle{Network: "unix", Local: path, Listening: true}},
		"file":        {newFile(t), relay.Handle{}},
	} {
		t.Run(name, func(t *testing.T) {
			var w witness
			parent, child, r := between(t, relay.Options{Observer: &w})
			parent.write(handle+"\n", test.file)
			child.expect(handle+"\n", test.file)
			parent.conn.Close()
			await(t, r)
			got := w.frames[0].Handles[0]
			if got.FD <= 2 {
				t.Errorf("its number is %d", got.FD)
			}
			test.want.FD, test.want.Inode = got.FD, inodeOf(t, int(test.file.Fd()))
			if got != test.want {
				t.Errorf("it is %+v, want %+v", got, test.want)
			}
		})
	}
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func fileOf(t *testing.T, s any) *os.File {
	t.Helper()
	f, err := s.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
