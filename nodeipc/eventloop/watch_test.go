//go:build unix

package eventloop

import (
	"errors"
	"io"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

func TestReadable(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	got := make(chan string, 16)
	err := l.Add(near, Readable, sourceFunc(func(e Events) {
		if e != Readable {
			t.Errorf("ready for %b", e)
		}
		if s := readAll(near); s != "" {
			got <- s
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"one", "two"} {
		write(t, far, s)
		if r := nodetest.Receive(t, got, s); r != s {
			t.Errorf("read %q, want %q", r, s)
		}
	}
	l.Remove(near)
}

func TestLevelTriggered(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	calls := make(chan struct{}, 3)
	l.Add(near, Readable, sourceFunc(func(Events) {
		select {
		case calls <- struct{}{}:
		default:
			l.Remove(near)
		}
	}))
	write(t, far, "unread")
	for range 3 {
		nodetest.Receive(t, calls, "call though nothing was read")
	}
}

func TestWritable(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	for {
		if _, err := unix.Write(near, make([]byte, 4096)); err != nil {
			break
		}
	}
	room := make(chan struct{}, 1)
	l.Add(near, Writable, sourceFunc(func(e Events) {
		if e&Writable != 0 {
			l.Remove(near)
			room <- struct{}{}
		}
	}))
	settle(t, l)
	select {
	case <-room:
		t.Fatal("a full socket is writable")
	default:
	}
	for {
		if _, err := unix.Read(far, make([]byte, 64<<10)); err != nil {
			break
		}
	}
	nodetest.Receive(t, room, "writable event")
}

func TestEndOfStreamIsReadable(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	end := make(chan error, 1)
	l.Add(near, Readable, sourceFunc(func(Events) {
		l.Remove(near)
		if n, err := unix.Read(near, make([]byte, 1)); n == 0 && err == nil {
			end <- io.EOF
		} else {
			end <- err
		}
	}))
	unix.Shutdown(far, unix.SHUT_RDWR)
	if err := nodetest.Receive(t, end, "end of the stream"); err != io.EOF {
		t.Error(err)
	}
}

func TestInterestIsAPause(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	got := make(chan string, 1)
	l.Add(near, 0, sourceFunc(func(Events) { got <- readAll(near) }))
	write(t, far, "waiting")
	settle(t, l)
	select {
	case s := <-got:
		t.Fatalf("read %q without interest", s)
	default:
	}
	if err := l.SetInterest(near, Readable); err != nil {
		t.Fatal(err)
	}
	nodetest.Receive(t, got, "what waited")
	if err := l.SetInterest(near, 0); err != nil {
		t.Fatal(err)
	}
	write(t, far, "again")
	settle(t, l)
	select {
	case s := <-got:
		t.Fatalf("read %q in a pause", s)
	default:
	}
	l.Remove(near)
}

// A hang-up of a descriptor without interest would otherwise be reported without end.
func TestPausedHangUpIsSilent(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	l.Add(near, 0, sourceFunc(func(e Events) { t.Errorf("ready for %b", e) }))
	unix.Shutdown(far, unix.SHUT_RDWR)
	settle(t, l)
	l.Remove(near)
}

func TestAddRefuses(t *testing.T) {
	l := newLoop(t)
	near, _ := pair(t)
	ready := sourceFunc(func(Events) {})
	if err := l.Add(near, Readable, ready); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(near, Readable, ready); !errors.Is(err, unix.EEXIST) {
		t.Errorf("a second time: %v", err)
	}
	if err := l.Add(-1, Readable, ready); !errors.Is(err, unix.EBADF) {
		t.Errorf("-1: %v", err)
	}
	closed, err := unix.Dup(near)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(closed)
	if err := l.Add(closed, Readable, ready); !errors.Is(err, unix.EBADF) {
		t.Errorf("a closed descriptor: %v", err)
	}
	l.Remove(near)
	l.Remove(near)
	l.Remove(1 << 20)
	if err := l.Add(near, Readable, ready); err != nil {
		t.Errorf("again after Remove: %v", err)
	}
	if err := l.SetInterest(1<<20, Readable); err != nil {
		t.Errorf("SetInterest of an unknown descriptor: %v", err)
	}
	l.Remove(near)
}

func TestRemoveWithinReady(t *testing.T) {
	l := newLoop(t)
	near, far := pair(t)
	calls := make(chan struct{}, 16)
	l.Add(near, Readable|Writable, sourceFunc(func(Events) {
		l.Remove(near)
		calls <- struct{}{}
	}))
	write(t, far, "x")
	nodetest.Receive(t, calls, "call")
	settle(t, l)
	select {
	case <-calls:
		t.Error("called after Remove")
	default:
	}
}

// Two descriptors are ready at once, and the first one's owner removes, closes and replaces the second.
func TestStaleEventAfterDescriptorReuse(t *testing.T) {
	l := newLoop(t)
	for range 50 {
		a, farA := pair(t)
		b, farB := pair(t)
		idle, _ := pair(t)
		first := make(chan struct{})
		once := func(own, other int) sourceFunc {
			return func(Events) {
				l.Remove(own)
				l.Remove(other)
				if err := unix.Dup2(idle, other); err != nil {
					t.Error(err)
				}
				err := l.Add(other, Readable, sourceFunc(func(Events) {
					t.Error("the successor of a closed descriptor got its event")
				}))
				if err != nil {
					t.Error(err)
				}
				close(first)
			}
		}
		release := hold(t, l)
		l.Add(a, Readable, once(a, b))
		l.Add(b, Readable, once(b, a))
		write(t, farA, "x")
		write(t, farB, "x")
		release()
		nodetest.Receive(t, first, "event")
		settle(t, l)
		l.Remove(a)
		l.Remove(b)
	}
}
