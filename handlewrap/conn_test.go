//go:build unix

package handlewrap_test

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/handlewrap"
)

func listeners(t *testing.T) map[string]net.Listener {
	return map[string]net.Listener{
		"ipv4": listener(t, "tcp", "127.0.0.1:0"),
		"ipv6": listener(t, "tcp", "[::1]:0"),
		"unix": listener(t, "unix", socketPath(t)),
	}
}

func TestConnRoundTrip(t *testing.T) {
	for name, l := range listeners(t) {
		t.Run(name, func(t *testing.T) {
			accepted, dialed := connPair(t, l)
			h := must[*handlewrap.Handle](t)(handlewrap.FromConn(accepted))
			defer h.Close()
			if h.Type() != handlewrap.NetSocket || h.DgramType() != "" {
				t.Fatalf("type %q, dgram type %q", h.Type(), h.DgramType())
			}
			check(t, accepted.Close())
			c := must[net.Conn](t)(h.Conn())
			defer c.Close()
			wantEmpty(t, h)
			wantNetFlags(t, c)
			switch c.(type) {
			case *net.TCPConn, *net.UnixConn:
			default:
				t.Fatalf("%T instead of a plain connection", c)
			}
			if c.RemoteAddr().String() != dialed.LocalAddr().String() {
				t.Fatalf("remote address %v, peer's own %v", c.RemoteAddr(), dialed.LocalAddr())
			}
			wantFlow(t, c, dialed)
			check(t, c.Close())
			wantEOF(t, dialed)
		})
	}
}

func TestConnOnClose(t *testing.T) {
	for name, l := range listeners(t) {
		t.Run(name, func(t *testing.T) {
			accepted, dialed := connPair(t, l)
			h := must[*handlewrap.Handle](t)(handlewrap.FromConn(accepted))
			check(t, accepted.Close())
			var order []int
			h.OnClose(func() { order = append(order, 1) })
			h.OnClose(func() { order = append(order, 2) })
			c := must[net.Conn](t)(h.WithType(handlewrap.NetNative).Conn())
			if _, ok := c.(interface {
				net.Conn
				syscall.Conn
				CloseWrite() error
				CloseRead() error
				SetReadBuffer(int) error
			}); !ok {
				t.Fatalf("%T lacks methods of the plain connection", c)
			}
			if _, ok := c.(io.ReaderFrom); !ok && c.LocalAddr().Network() == "tcp" {
				t.Fatalf("%T has lost sendfile", c)
			}
			check(t, h.Close())
			wantNetFlags(t, c)
			wantFlow(t, c, dialed)
			if len(order) != 0 {
				t.Fatal("called before the connection closed")
			}
			check(t, c.Close())
			if c.Close() == nil {
				t.Fatal("a second Close of a net.Conn is an error")
			}
			if len(order) != 2 || order[0] != 1 || order[1] != 2 {
				t.Fatalf("functions called: %v", order)
			}
			wantEOF(t, dialed)
		})
	}
}

func TestOnCloseCalls(t *testing.T) {
	l := listener(t, "tcp", "127.0.0.1:0")
	for name, test := range map[string]struct {
		end  func(h *handlewrap.Handle) (io.Closer, error)
		want int32
	}{
		"Close": {func(h *handlewrap.Handle) (io.Closer, error) { return h, h.Close() }, 1},
		"WithType and Close": {func(h *handlewrap.Handle) (io.Closer, error) {
			moved := h.WithType(handlewrap.NetNative)
			return moved, moved.Close()
		}, 1},
		"File":     {func(h *handlewrap.Handle) (io.Closer, error) { return h.File() }, 0},
		"Listener": {func(h *handlewrap.Handle) (io.Closer, error) { return h.Listener() }, 0},
		"Release": {func(h *handlewrap.Handle) (io.Closer, error) {
			fd, err := h.Release()
			return handlewrap.New(handlewrap.NetServer, fd), err
		}, 0},
		"Dup": {func(h *handlewrap.Handle) (io.Closer, error) {
			d, err := h.Dup()
			return d, err
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := must[*handlewrap.Handle](t)(handlewrap.FromListener(l))
			var calls atomic.Int32
			h.OnClose(func() {
				calls.Add(1)
				h.Close() // no lock is held
			})
			closer := must[io.Closer](t)(test.end(h))
			check(t, closer.Close())
			h.Close()
			h.Close()
			h.OnClose(func() { t.Error("called though the handle was empty") })
			h.Close()
			if got := calls.Load(); got != test.want {
				t.Fatalf("%d calls, want %d", got, test.want)
			}
		})
	}
}

func TestConnResetOnTheWay(t *testing.T) {
	l := listener(t, "tcp", "127.0.0.1:0")
	accepted, dialed := connPair(t, l)
	h := must[*handlewrap.Handle](t)(handlewrap.FromConn(accepted)).WithType(handlewrap.NetNative)
	defer h.Close()
	check(t, accepted.Close())
	check(t, dialed.(*net.TCPConn).SetLinger(0))
	check(t, dialed.Close())
	awaitReadable(t, h.FD())
	if k := must[handlewrap.Kind](t)(h.Kind()); k != handlewrap.KindConn {
		t.Fatalf("kind %v", k)
	}
	c := must[net.Conn](t)(h.Conn())
	defer c.Close()
	if c.RemoteAddr() == nil || c.RemoteAddr().Network() != "tcp" {
		t.Fatalf("remote address %v", c.RemoteAddr())
	}
	check(t, c.SetDeadline(time.Now().Add(deadline)))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Fatal("a reset connection could be read")
	}
}

func awaitReadable(t *testing.T, fd int) {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(deadline.Milliseconds()))
		if err == unix.EINTR {
			continue // by a signal of Go's scheduler, say
		}
		if err != nil || n != 1 {
			t.Fatalf("poll: %d, %v", n, err)
		}
		return
	}
}

func TestBufferedBytesAndEndSurvive(t *testing.T) {
	accepted, dialed := connPair(t, listener(t, "tcp", "127.0.0.1:0"))
	must[int](t)(dialed.Write([]byte("early")))
	check(t, dialed.Close())
	c := must[net.Conn](t)(must[*handlewrap.Handle](t)(handlewrap.FromConn(accepted)).Conn())
	defer c.Close()
	check(t, c.SetDeadline(time.Now().Add(deadline)))
	if got := must[[]byte](t)(io.ReadAll(c)); string(got) != "early" {
		t.Fatalf("read %q", got)
	}
}

func BenchmarkConn(b *testing.B) {
	l := listener(b, "tcp", "127.0.0.1:0")
	accepted, _ := connPair(b, l)
	b.ReportAllocs()
	for b.Loop() {
		h := must[*handlewrap.Handle](b)(handlewrap.FromConn(accepted))
		c := must[net.Conn](b)(h.Conn())
		check(b, c.Close())
	}
}
