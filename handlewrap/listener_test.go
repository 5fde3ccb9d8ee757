//go:build unix

package handlewrap_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nodecluster/nodecluster/handlewrap"
)

func TestListenerRoundTrip(t *testing.T) {
	for name, at := range map[string][2]string{
		"ipv4":       {"tcp", "127.0.0.1:0"},
		"ipv6":       {"tcp", "[::1]:0"},
		"dual stack": {"tcp", ":0"},
		"unix path":  {"unix", socketPath(t)},
	} {
		t.Run(name, func(t *testing.T) {
			l := listener(t, at[0], at[1])
			if u, ok := l.(*net.UnixListener); ok {
				u.SetUnlinkOnClose(false)
			}
			h := must[*handlewrap.Handle](t)(handlewrap.FromListener(l))
			defer h.Close()
			check(t, l.Close())
			if h.Type() != handlewrap.NetServer {
				t.Fatalf("type %q", h.Type())
			}
			got := must[net.Listener](t)(h.Listener())
			defer got.Close()
			wantEmpty(t, h)
			wantNetFlags(t, got)
			if got.Addr().String() != l.Addr().String() || got.Addr().Network() != l.Addr().Network() {
				t.Fatalf("address %v, was %v", got.Addr(), l.Addr())
			}
			a, b := connPair(t, got)
			wantFlow(t, a, b)
		})
	}
}

func TestDualStackListenerTakesBothFamilies(t *testing.T) {
	l := listener(t, "tcp", ":0")
	got := must[net.Listener](t)(must[*handlewrap.Handle](t)(handlewrap.FromListener(l)).Listener())
	defer got.Close()
	_, port, err := net.SplitHostPort(got.Addr().String())
	check(t, err)
	for _, host := range []string{"127.0.0.1", "::1"} {
		c := must[net.Conn](t)(net.DialTimeout("tcp", net.JoinHostPort(host, port), deadline))
		defer c.Close()
		wantFlow(t, c, accept(t, got))
	}
}

func TestReceivedUnixListenerKeepsItsPath(t *testing.T) {
	path := socketPath(t)
	l := listener(t, "unix", path).(*net.UnixListener)
	h := must[*handlewrap.Handle](t)(handlewrap.FromListener(l))
	got := must[net.Listener](t)(h.Listener())
	check(t, got.Close())
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("closing a received listener removed its path: %v", err)
	}
	check(t, l.Close())
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the opener's Close should remove the path as ever: %v", err)
	}
}

// TestHTTPServerOnAPassedListener sends the fd over a Unix socket, as a channel does.
func TestHTTPServerOnAPassedListener(t *testing.T) {
	for name, at := range map[string][2]string{"tcp": {"tcp", "127.0.0.1:0"}, "unix": {"unix", socketPath(t)}} {
		t.Run(name, func(t *testing.T) {
			l := listener(t, at[0], at[1])
			sent := must[*handlewrap.Handle](t)(handlewrap.FromListener(l))
			h := handlewrap.New(handlewrap.NetNative, overSocket(t, sent.FD()))
			check(t, sent.Close())
			ln := must[net.Listener](t)(h.Listener())
			if u, ok := l.(*net.UnixListener); ok {
				u.SetUnlinkOnClose(false)
			}
			check(t, l.Close())

			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, r.URL.Path)
			})}
			served := make(chan error, 1)
			go func() { served <- server.Serve(ln) }()
			transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, ln.Addr().Network(), ln.Addr().String())
			}}
			client := &http.Client{Transport: transport, Timeout: deadline}
			for range 20 {
				response := must[*http.Response](t)(client.Get("http://host/path"))
				body := must[[]byte](t)(io.ReadAll(response.Body))
				response.Body.Close()
				if string(body) != "/path" {
					t.Fatalf("body %q", body)
				}
				transport.CloseIdleConnections()
			}
			check(t, server.Close())
			if err := <-served; !errors.Is(err, http.ErrServerClosed) {
				t.Fatal(err)
			}
		})
	}
}

// overSocket returns the fd that fd becomes on its way through a socketpair.
func overSocket(t testing.TB, fd int) int {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	check(t, err)
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	check(t, unix.Sendmsg(pair[0], []byte("\n"), unix.UnixRights(fd), nil, 0))
	oob := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(pair[1], make([]byte, 1), oob, 0)
	check(t, err)
	return receivedFD(t, oob[:n])
}

func receivedFD(t testing.TB, oob []byte) int {
	t.Helper()
	messages, err := unix.ParseSocketControlMessage(oob)
	check(t, err)
	if len(messages) != 1 {
		t.Fatalf("%d control messages", len(messages))
	}
	fds := must[[]int](t)(unix.ParseUnixRights(&messages[0]))
	if len(fds) != 1 {
		t.Fatalf("%d fds", len(fds))
	}
	return fds[0]
}

func TestListenOnABoundSocket(t *testing.T) {
	h := handlewrap.New(handlewrap.NetBoundSocket, boundSocket(t))
	defer h.Close()
	if k := must[handlewrap.Kind](t)(h.Kind()); k != handlewrap.KindBound {
		t.Fatalf("kind %v", k)
	}
	second := must[*handlewrap.Handle](t)(h.Dup())
	defer second.Close()

	// Under SCHED_NONE every worker listens on its copy of the one socket.
	for _, h := range []*handlewrap.Handle{h, second} {
		ln := must[net.Listener](t)(h.Listen(0))
		defer ln.Close()
		wantEmpty(t, h)
		wantNetFlags(t, ln)
		a, b := connPair(t, ln)
		wantFlow(t, a, b)
	}
}

func TestListenFailsAsListenDoesAndKeepsTheFD(t *testing.T) {
	first := handlewrap.New(handlewrap.NetBoundSocket, boundSocket(t))
	defer first.Close()
	address, err := unix.Getsockname(first.FD())
	check(t, err)
	fd := must[int](t)(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))
	second := handlewrap.New(handlewrap.NetNative, fd)
	defer second.Close()
	check(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	check(t, unix.Bind(fd, address))

	ln := must[net.Listener](t)(first.Listen(16))
	defer ln.Close()
	_, err = second.Listen(16)
	wantOneLine(t, err, "Listen")
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatal(err)
	}
	wantOwned(t, second)
}
