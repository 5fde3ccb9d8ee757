//go:build unix

package clients

import (
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// clientCount is how many clients the tests have.
const clientCount = 32

// underLoad gives clients that have little patience, and what they have opened when each has waited in vain once, in their order.
func underLoad(t *testing.T) (l *Load, listener net.Listener, opened []net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = Start(t.Context(), Options{Address: listener.Addr().String(), Clients: clientCount, Patience: time.Millisecond})
	for range 2 * clientCount {
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, conn)
	}
	return l, listener, opened
}

// TestLate: a connection that is answered after its client's patience has not hung.
func TestLate(t *testing.T) {
	nodetest.NoLeaks(t)
	l, listener, opened := underLoad(t)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			for _, conn := range opened {
				conn.Read(make([]byte, 1024))
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"pid\":1}")
				conn.Close()
			}
			next, err := listener.Accept()
			if err != nil {
				return
			}
			opened = []net.Conn{next}
		}
	}()
	if err := l.Stop(nodetest.Patience); err != nil {
		t.Fatal(err)
	}
	listener.Close()
	<-served
	if l.counts[Late] < clientCount || l.counts[Hung] > 0 {
		t.Errorf("%d connections are late, want %d or more, and %d have hung", l.counts[Late], clientCount, l.counts[Hung])
	}
}

// TestHung: connections that have no answer at the end have hung.
func TestHung(t *testing.T) {
	nodetest.NoLeaks(t)
	l, listener, opened := underLoad(t)
	if err := l.Stop(time.Millisecond); err != nil {
		t.Fatal(err)
	}
	listener.Close()
	for _, conn := range opened {
		conn.Close()
	}
	if l.counts[Hung] < len(opened) || l.counts[Late] > 0 {
		t.Errorf("%d connections have hung, want %d or more, and %d are late", l.counts[Hung], len(opened), l.counts[Late])
	}
}

// TestOnlyWorkersAreKilled: a process that is no worker any more, though it has answered, is not killed.
func TestOnlyWorkersAreKilled(t *testing.T) {
	nodetest.NoLeaks(t)
	asked := 0
	l := Start(t.Context(), Options{IsWorker: func(pid int) bool {
		asked++
		return pid != os.Getpid()
	}})
	l.mu.Lock()
	l.seen(os.Getpid()) // which would end the test
	l.mu.Unlock()
	l.Kill()
	if err := l.Stop(time.Second); err != nil || asked != 1 || l.Kills() != 0 {
		t.Errorf("%v, %d times asked, and %d killed", err, asked, l.Kills())
	}
}
