//go:build linux

package worker_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/worker"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// A process that runs alone leaves as a worker does: Context ends, no more connections come, those that there are may end, and
// then Done is closed.
func TestDisconnectAlone(t *testing.T) {
	nodetest.NoLeaks(t)
	p := join(t, context.Background())
	expectState(t, p, worker.StateOnline)
	l := listen(t, p, "tcp", "127.0.0.1:0")
	packets, err := p.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	expectState(t, p, worker.StateListening)
	conn, client := accept(t, l)
	accepting := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepting <- err
	}()

	p.Disconnect()
	expectState(t, p, worker.StateDisconnecting)
	if cause := context.Cause(p.Context()); !errors.Is(cause, worker.ErrAskedToLeave) || !p.ExitedAfterDisconnect() {
		t.Errorf("the context ends with %v", cause)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connect: %v, want %v", err, syscall.ECONNREFUSED)
	}
	if _, _, err := packets.ReadFrom(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read from the UDP socket: %v", err)
	}
	for _, network := range []string{"tcp", "udp"} {
		if err := listenAt(p, network); !errors.Is(err, worker.ErrAskedToLeave) {
			t.Errorf("listen on %s: %v, want %v", network, err, worker.ErrAskedToLeave)
		}
	}
	if _, err := io.WriteString(conn, "still here"); err != nil {
		t.Error(err)
	}
	if text := make([]byte, 10); mustRead(t, client, text) != "still here" {
		t.Errorf("the client reads %q", text)
	}
	select {
	case <-p.Done():
		t.Error("the process has left before its connection has ended")
	default:
	}
	conn.Close()
	nodetest.Receive(t, p.Done(), "end of the process")
	expectState(t, p, worker.StateDisconnected)
	if err := nodetest.Receive(t, accepting, "end of Accept"); !errors.Is(err, net.ErrClosed) || !errors.Is(err, worker.ErrAskedToLeave) {
		t.Errorf("accept: %v, want %v because %v", err, net.ErrClosed, worker.ErrAskedToLeave)
	}
}

// Close leaves at once, with connections open, and may be called again.
func TestCloseAlone(t *testing.T) {
	nodetest.NoLeaks(t)
	p := join(t, context.Background())
	l := listen(t, p, "tcp", "127.0.0.1:0")
	conn, _ := accept(t, l)
	defer conn.Close()
	for range 2 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	<-p.Done()
	expectState(t, p, worker.StateDisconnected)
	if cause := context.Cause(p.Context()); !errors.Is(cause, worker.ErrAskedToLeave) {
		t.Errorf("the context ends with %v", cause)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept: %v, want %v", err, net.ErrClosed)
	}
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("close the listener again: %v, want %v", err, net.ErrClosed)
	}
}

// The end of a connection counts once, however often and from however many goroutines it is closed, and a listener takes no
// more than it may.
func TestConnectionsAreCounted(t *testing.T) {
	nodetest.NoLeaks(t)
	p := join(t, context.Background())
	for _, place := range []struct{ network, address string }{{"tcp", "127.0.0.1:0"}, {"unix", t.TempDir() + "/socket"}} {
		l, err := worker.ListenConfig{MaxConnections: 2}.Listen(context.Background(), p, place.network, place.address)
		if err != nil {
			t.Fatal(err)
		}
		accepted := make(chan net.Conn)
		go func() {
			defer close(accepted)
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				accepted <- conn
			}
		}()
		for range 3 {
			dial(t, l)
			dial(t, l)
			first, second := nodetest.Receive(t, accepted, "connection"), nodetest.Receive(t, accepted, "second connection")
			tooMuch := dial(t, l)
			if _, err := tooMuch.Read(make([]byte, 1)); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("a connection too much: %v", err)
			}
			var closing sync.WaitGroup
			for range 8 {
				closing.Go(func() { first.Close() })
				closing.Go(func() { second.Close() })
			}
			closing.Wait()
		}
		l.Close()
	}
	p.Disconnect()
	nodetest.Receive(t, p.Done(), "end of the process")
}

// A program that is asked to shut its server down by another of its parts is not asked to leave.
func TestServerShutDownByTheProgram(t *testing.T) {
	nodetest.NoLeaks(t)
	p := join(t, context.Background())
	server := &http.Server{}
	err := p.ServeWith(context.Background(), server, "tcp", "127.0.0.1:0", worker.ServeOptions{OnListen: func(net.Addr) { server.Close() }})
	if err != http.ErrServerClosed || p.Context().Err() != nil {
		t.Errorf("serve: %v, want %v; the context: %v", err, http.ErrServerClosed, p.Context().Err())
	}
}

func listen(t *testing.T, p *worker.Process, network, address string) net.Listener {
	t.Helper()
	l, err := p.Listen(context.Background(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func listenAt(p *worker.Process, network string) error {
	if network == "udp" {
		_, err := p.ListenPacket(context.Background(), network, "127.0.0.1:0")
		return err
	}
	_, err := p.Listen(context.Background(), network, "127.0.0.1:0")
	return err
}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	client, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// accept gives both ends of a connection.
func accept(t *testing.T, l net.Listener) (conn, client net.Conn) {
	t.Helper()
	client = dial(t, l)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return conn, client
}

func mustRead(t *testing.T, from io.Reader, b []byte) string {
	t.Helper()
	if _, err := io.ReadFull(from, b); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func expectState(t *testing.T, p *worker.Process, want worker.State) {
	t.Helper()
	if got := p.State(); got != want {
		t.Errorf("state %q, want %q", got, want)
	}
}
