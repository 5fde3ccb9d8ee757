//go:build unix

package handlewrap_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/handlewrap"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// deadline bounds every wait of a test, so that a failure is a message instead of a hang.
const deadline = time.Minute

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// flags returns fd's descriptor and description flags, or ok false when fd is not open.
func flags(fd int) (descriptor, description int, ok bool) {
	descriptor, err1 := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	description, err2 := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return descriptor, description, err1 == nil && err2 == nil
}

func rawFD(t testing.TB, c any) int {
	t.Helper()
	raw := must[syscall.RawConn](t)(c.(syscall.Conn).SyscallConn())
	fd := -1
	check(t, raw.Control(func(n uintptr) { fd = int(n) }))
	return fd
}

// wantNetFlags fails unless c's fd is non-blocking and close-on-exec.
func wantNetFlags(t testing.TB, c any) {
	t.Helper()
	fd := rawFD(t, c)
	descriptor, description, ok := flags(fd)
	if !ok || descriptor&unix.FD_CLOEXEC == 0 || description&unix.O_NONBLOCK == 0 {
		t.Fatalf("fd %d of %T: descriptor flags %#x, description flags %#x, open %v", fd, c, descriptor, description, ok)
	}
}

func wantOwned(t testing.TB, h *handlewrap.Handle) {
	t.Helper()
	if _, _, ok := flags(h.FD()); !ok {
		t.Fatalf("the handle should still own an open fd, FD() is %d", h.FD())
	}
}

func wantEmpty(t testing.TB, h *handlewrap.Handle) {
	t.Helper()
	if fd := h.FD(); fd != -1 {
		t.Fatalf("FD() of an empty handle is %d", fd)
	}
	if _, err := h.Kind(); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("Kind() of an empty handle: %v", err)
	}
}

// listener opens a listener of network at address, closed with the test.
func listener(t testing.TB, network, address string) net.Listener {
	t.Helper()
	l := must[net.Listener](t)(net.Listen(network, address))
	t.Cleanup(func() { l.Close() })
	return l
}

// socketPath returns a path that is short enough for a Unix socket.
func socketPath(t testing.TB) string {
	t.Helper()
	dir := must[string](t)(os.MkdirTemp("", "hw"))
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// connPair returns two ends of a connection through l.
func connPair(t testing.TB, l net.Listener) (accepted, dialed net.Conn) {
	t.Helper()
	dialed = must[net.Conn](t)(net.DialTimeout(l.Addr().Network(), l.Addr().String(), deadline))
	t.Cleanup(func() { dialed.Close() })
	accepted = accept(t, l)
	check(t, dialed.SetDeadline(time.Now().Add(deadline)))
	return accepted, dialed
}

func accept(t testing.TB, l net.Listener) net.Conn {
	t.Helper()
	check(t, l.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(deadline)))
	c := must[net.Conn](t)(l.Accept())
	t.Cleanup(func() { c.Close() })
	return c
}

// wantFlow fails unless bytes flow both ways between a and b.
func wantFlow(t testing.TB, a, b net.Conn) {
	t.Helper()
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		check(t, way[1].SetDeadline(time.Now().Add(deadline)))
		must[int](t)(way[0].Write([]byte("ping")))
		got := make([]byte, 4)
		must[int](t)(io.ReadFull(way[1], got))
		if string(got) != "ping" {
			t.Fatalf("read %q", got)
		}
	}
}

// wantEOF fails unless c is at its end.
func wantEOF(t testing.TB, c net.Conn) {
	t.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("read %d bytes, %v instead of EOF", n, err)
	}
}

// wantOneLine fails unless err is one line that says which package and operation it is from.
func wantOneLine(t testing.TB, err error, op string) {
	t.Helper()
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "handlewrap: "+op+": ") {
		t.Fatalf("want one line from %s, got %v", op, err)
	}
}

// boundSocket returns the fd of a TCP socket that is bound to a loopback port and does not listen.
func boundSocket(t testing.TB) int {
	t.Helper()
	fd := must[int](t)(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))
	check(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	check(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	return fd
}
