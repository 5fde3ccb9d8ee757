//go:build unix

package relay_test

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"golang.org/x/sys/unix"
)

const patience = nodetest.Patience

// side is one of the two processes, played by hand.
type side struct {
	t    testing.TB
	conn *net.UnixConn
}

// between puts a relay between two sides, and expects that nothing of it is left at the end. The observer must not be
// used before the relay is done.
func between(t testing.TB, o relay.Options) (parent, child *side, r *relay.Relay) {
	t.Helper()
	nodetest.NoLeaks(t)
	return connect(t, o)
}

func connect(t testing.TB, o relay.Options) (parent, child *side, r *relay.Relay) {
	t.Helper()
	parent, parentEnd := newSide(t)
	child, childEnd := newSide(t)
	r, err := relay.Start(parentEnd, childEnd, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return parent, child, r
}

// newSide gives one end of a socket pair to play with, and the other end.
func newSide(t testing.TB) (*side, int) {
	t.Helper()
	pair := socketPair(t)
	file := os.NewFile(uintptr(pair[0]), "side")
	conn, err := net.FileConn(file)
	file.Close()
	if err != nil {
		t.Fatal(err)
	}
	s := &side{t, conn.(*net.UnixConn)}
	t.Cleanup(func() { s.conn.Close() })
	s.conn.SetDeadline(time.Now().Add(patience))
	return s, pair[1]
}

func socketPair(t testing.TB) [2]int {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	return pair
}

// write sends text in one write, with copies of files beside its first byte.
func (s *side) write(text string, files ...*os.File) {
	s.t.Helper()
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			fds[i] = int(f.Fd())
		}
		rights = unix.UnixRights(fds...)
	}
	n, _, err := s.conn.WriteMsgUnix([]byte(text), rights, nil)
	if err == nil && n < len(text) {
		_, err = s.conn.Write([]byte(text[n:]))
	}
	if err != nil {
		s.t.Error(err)
	}
}

// writing runs f, which writes what a socket has no room for, while the test goes on.
func writing(t testing.TB, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	t.Cleanup(func() { nodetest.Receive(t, done, "end of the writing") })
}

// read gives what one read brings, and the inodes of what came with it.
func (s *side) read() (text string, inodes []uint64) {
	s.t.Helper()
	b, control := make([]byte, 256<<10), make([]byte, unix.CmsgSpace(4*253))
	n, cn, _, _, err := s.conn.ReadMsgUnix(b, control)
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return "", nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	messages, err := unix.ParseSocketControlMessage(control[:cn])
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			s.t.Fatal(err)
		}
		for _, fd := range fds {
			inodes = append(inodes, inodeOf(s.t, fd))
			unix.Close(fd)
		}
	}
	return string(b[:n]), inodes
}

// expect reads text, and with its first byte the files.
func (s *side) expect(text string, files ...*os.File) {
	s.t.Helper()
	var want []uint64
	for _, f := range files {
		want = append(want, inodeOf(s.t, int(f.Fd())))
	}
	first, inodes := s.read()
	if !slices.Equal(inodes, want) {
		s.t.Fatalf("with %.80q came the inodes %v, want %v with %.80q", first, inodes, want, text)
	}
	got := []byte(first)
	for len(got) < len(text) {
		more, inodes := s.read()
		if len(inodes) > 0 {
			s.t.Fatalf("descriptors within %.80q", text)
		}
		if more == "" {
			break
		}
		got = append(got, more...)
	}
	if string(got) != text {
		s.t.Fatalf("came %.200q, want %.200q", got, text)
	}
}

// expectEnd reads the end.
func (s *side) expectEnd() {
	s.t.Helper()
	if text, _ := s.read(); text != "" {
		s.t.Fatalf("came %.200q, want the end", text)
	}
}

func inodeOf(t testing.TB, fd int) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		t.Fatal(err)
	}
	return uint64(stat.Ino)
}

// newFile gives an open file that is no other's.
func newFile(t testing.TB) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// witness is an observer that remembers.
type witness struct {
	mu     sync.Mutex
	frames []relay.Frame
	ends   []relay.End
}

func (w *witness) HandleFrame(f *relay.Frame) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kept := *f
	kept.Payload, kept.Handles = slices.Clone(f.Payload), slices.Clone(f.Handles)
	w.frames = append(w.frames, kept)
}

func (w *witness) HandleEnd(e relay.End) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends = append(w.ends, e)
}

// await waits for the end of a relay.
func await(t testing.TB, r *relay.Relay) {
	t.Helper()
	nodetest.Receive(t, r.Done(), "end of the relay")
}
