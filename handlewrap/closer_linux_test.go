package handlewrap_test

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"golang.org/x/sys/unix"
)

// tooLong is what nothing here may take, and far less than the sockets linger.
const tooLong = 5 * time.Second

// lingering returns the only descriptor of a connection with data that nobody reads, and that close waits for.
func lingering(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
	client.(*net.TCPConn).SetReadBuffer(4 << 10)
	h, err := handlewrap.FromConn(conn)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	fd, err := h.Release()
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 64<<10); ; {
		if _, err := unix.Write(fd, block); errors.Is(err, unix.EAGAIN) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 100_000}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// carrier returns a Unix socket in which another is on its way, which is not open any more elsewhere.
func carrier(t *testing.T, carried int) int {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Sendmsg(pair[1], []byte("x"), unix.UnixRights(carried), nil, 0); err != nil {
		t.Fatal(err)
	}
	unix.Close(pair[1])
	unix.Close(carried)
	return pair[0]
}

func expectQuick(t *testing.T, what string, limit time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took > limit {
		t.Errorf("%s took %v", what, took)
	}
}

func TestCloserDoesNotWaitForWhatLingers(t *testing.T) {
	nodetest.NoLeaks(t)
	for name, closeWith := range map[string]func(c *handlewrap.Closer, fd int){
		"Close":       (*handlewrap.Closer).Close,
		"CloseLater":  (*handlewrap.Closer).CloseLater,
		"handle":      func(c *handlewrap.Closer, fd int) { c.NewHandle(handlewrap.NetSocket, fd).Close() },
		"CloseHandle": func(c *handlewrap.Closer, fd int) { c.CloseHandle(handlewrap.New(handlewrap.NetSocket, fd)) },
		"duplicates": func(c *handlewrap.Closer, fd int) {
			h := c.NewHandle(handlewrap.NetNative, fd)
			dup, err := h.Dup()
			if err != nil {
				t.Fatal(err)
			}
			h.WithType(handlewrap.NetSocket).Close()
			dup.Close()
		},
		"carried": func(c *handlewrap.Closer, fd int) { c.NewHandle(handlewrap.NetSocket, carrier(t, fd)).Close() },
	} {
		t.Run(name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			var c handlewrap.Closer
			fd := lingering(t)
			expectQuick(t, "closing", tooLong, func() { closeWith(&c, fd) })
			expectQuick(t, "waiting", tooLong, c.Wait)
		})
	}
}

// What the look at a socket does not tell is interrupted, once, and then all is closed elsewhere.
func TestCloserInterrupts(t *testing.T) {
	nodetest.NoLeaks(t)
	var c handlewrap.Closer
	expectQuick(t, "the first close", tooLong, func() { c.Close(carrier(t, lingering(t))) })
	for range 3 {
		fd := carrier(t, lingering(t))
		expectQuick(t, "a further close", 20*time.Millisecond, func() { c.Close(fd) })
	}
	expectQuick(t, "waiting", tooLong, c.Wait)
}

// A closer says when much waits, and when that is over.
func TestCloserIsFull(t *testing.T) {
	nodetest.NoLeaks(t)
	var calls atomic.Int32
	over := make(chan struct{})
	c := handlewrap.Closer{OnFull: func(full bool) {
		if want := calls.Add(1) == 1; full != want {
			t.Errorf("full: %v, want %v", full, want)
		}
		if !full {
			close(over)
		}
	}}
	var fds []int
	for range 80 {
		fds = append(fds, lingering(t))
	}
	for _, fd := range fds {
		c.Close(fd)
	}
	<-over
	for !closed(fds[len(fds)-1]) {
		c.Wait()
	}
}

func closed(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return errors.Is(err, unix.EBADF)
}

func TestCloserAllocatesNothing(t *testing.T) {
	var c handlewrap.Closer
	close := func() {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.Close(fd)
	}
	close()
	if n := testing.AllocsPerRun(1000, close); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCloser(b *testing.B) {
	var c handlewrap.Closer
	socket := func() int {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			b.Fatal(err)
		}
		return fd
	}
	b.Run("close", func(b *testing.B) {
		for b.Loop() {
			unix.Close(socket())
		}
	})
	b.Run("closer", func(b *testing.B) {
		for b.Loop() {
			c.Close(socket())
		}
	})
}
