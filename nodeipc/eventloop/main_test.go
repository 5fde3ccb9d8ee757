//go:build unix

package eventloop

import (
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newLoop begins a test: it also sees to it that the test leaves nothing behind.
func newLoop(t *testing.T) *Loop {
	t.Helper()
	nodetest.NoLeaks(t)
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nodetest.Await(t, l.Close, "end of the loop") }) // which what a failed test leaves behind may hold
	return l
}

// pair makes two connected sockets; the test's end closes what is still open of them.
func pair(t *testing.T) (near, far int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
	}
	return fds[0], fds[1]
}

func write(t *testing.T, fd int, s string) {
	t.Helper()
	if n, err := unix.Write(fd, []byte(s)); n != len(s) {
		t.Fatalf("write: %d bytes, %v", n, err)
	}
}

func readAll(fd int) string {
	var buf [4096]byte
	n, err := unix.Read(fd, buf[:])
	if err != nil {
		return ""
	}
	return string(buf[:n])
}

// sourceFunc is a Source of one function.
type sourceFunc func(Events)

func (f sourceFunc) Ready(e Events) { f(e) }

// hold has the loop stand still until release is called or the test ends: what is posted and what becomes ready meanwhile comes
// in one batch each.
func hold(t *testing.T, l *Loop) (release func()) {
	t.Helper()
	held, end := make(chan struct{}), make(chan struct{})
	release = sync.OnceFunc(func() { close(end) })
	t.Cleanup(release)
	l.Post(func() {
		close(held)
		<-end
	})
	nodetest.Receive(t, held, "turn of the function that holds the loop")
	return release
}

// settle waits until the loop has handled what was ready before: with a second descriptor, whose event comes
// after theirs.
func settle(t *testing.T, l *Loop) {
	t.Helper()
	near, far := pair(t)
	seen := make(chan struct{}, 1)
	err := l.Add(near, Readable, sourceFunc(func(Events) {
		l.Remove(near)
		seen <- struct{}{}
	}))
	if err != nil {
		t.Fatal(err)
	}
	write(t, far, "x")
	nodetest.Receive(t, seen, "event of the second descriptor")
	if err := l.Call(func() {}); err != nil {
		t.Fatal(err)
	}
}
