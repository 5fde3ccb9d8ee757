package handlewrap_test

import (
	"errors"
	"net"
	"sync"
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
	return manyLingering(t, 1)[0]
}

func manyLingering(t *testing.T, n int) []int {
	t.Helper()
	fds, errs := make([]int, n), make([]error, n)
	var making sync.WaitGroup
	for i := range n {
		making.Go(func() {
			var client net.Conn
			if fds[i], client, errs[i] = makeLingering(); client != nil {
				t.Cleanup(func() { client.Close() })
			}
		})
	}
	making.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return fds
}

func makeLingering() (fd int, client net.Conn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return -1, nil, err
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		return -1, nil, err
	}
	conn, err := l.Accept()
	if err != nil {
		return -1, client, err
	}
	defer conn.Close()
	h, err := handlewrap.FromConn(conn)
	if err != nil {
		return -1, client, err
	}
	if fd, err = h.Release(); err != nil {
		return -1, client, err
	}
	if err := fill(fd); err != nil {
		return fd, client, err
	}
	return fd, client, unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 100_000})
}

// fill writes until the peer takes nothing more. An acknowledgement may take 40 ms.
func fill(fd int) error {
	for block := make([]byte, 64<<10); ; {
		_, err := unix.Write(fd, block)
		if err != nil && !errors.Is(err, unix.EAGAIN) {
			return err
		}
		if err == nil {
			continue
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, 100)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if n == 0 && err == nil {
			return nil
		}
	}
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
	fds := manyLingering(t, 80)
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
