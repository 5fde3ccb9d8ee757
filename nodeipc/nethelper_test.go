//go:build unix

package nodeipc_test

import (
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// listen opens a listener of the network "tcp" or "unix".
func listen(t testing.TB, network string) net.Listener {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(t testing.TB, to net.Addr) net.Conn {
	t.Helper()
	c, err := net.Dial(to.Network(), to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// connection gives both ends of a connection that a listener accepted.
func connection(t testing.TB, l net.Listener) (accepted, client net.Conn) {
	t.Helper()
	client = dial(t, l.Addr())
	return accept(t, l), client
}

func accept(t testing.TB, l net.Listener) net.Conn {
	t.Helper()
	l.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(patience))
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

func expectAll(t testing.TB, r io.Reader, want string) {
	t.Helper()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != want {
		t.Errorf("read %q, %v, want %q", got, err, want)
	}
}

func packetConn(t testing.TB, network, address string) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

// expectAnswer sends a datagram and checks what comes back.
func expectAnswer(t testing.TB, to net.Addr, want string) {
	t.Helper()
	c := dial(t, to)
	if _, err := c.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 1024)
	n, err := c.Read(answer)
	if err != nil || string(answer[:n]) != want {
		t.Errorf("answer %q, %v, want %q", answer[:n], err, want)
	}
}

// asHandle gives a listener, a connection or a packet connection away: what is left is its handle.
func asHandle(t testing.TB, c io.Closer) *handlewrap.Handle {
	t.Helper()
	var h *handlewrap.Handle
	var err error
	switch c := c.(type) {
	case net.Listener:
		h, err = handlewrap.FromListener(c)
	case net.Conn:
		if p, ok := c.(net.PacketConn); ok && c.RemoteAddr() == nil {
			h, err = handlewrap.FromPacketConn(p)
		} else {
			h, err = handlewrap.FromConn(c)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	t.Cleanup(func() { h.Close() })
	return h
}
