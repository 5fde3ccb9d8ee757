//go:build unix

package clients

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// serve serves one connection with handle, and gives where.
func serve(t *testing.T, handle func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	t.Cleanup(func() {
		listener.Close()
		<-served
	})
	go func() {
		defer close(served)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		handle(conn.(*net.TCPConn))
	}()
	return listener.Addr().String()
}

func TestOutcomes(t *testing.T) {
	read := func(c *net.TCPConn) { c.Read(make([]byte, 1024)) }
	answer := func(text string) func(*net.TCPConn) {
		return func(c *net.TCPConn) {
			read(c)
			c.Write([]byte(text))
		}
	}
	for _, test := range []struct {
		name   string
		handle func(*net.TCPConn)
		want   Outcome
		pid    int
	}{
		{"answered", answer("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"pid\":123}"), Answered, 123},
		{"cut short", answer("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"pid\""), Reset, 0},
		{"closed", read, Reset, 0},
		{"reset", func(c *net.TCPConn) { read(c); c.SetLinger(0) }, Reset, 0},
		{"hung", func(c *net.TCPConn) { read(c); read(c) }, Hung, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			patience := time.Minute
			if test.want == Hung {
				patience = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			got, pid, err := Request(ctx, nil, serve(t, test.handle))
			if got != test.want || pid != test.pid || err != nil {
				t.Errorf("%s with pid %d and error %v, want %s with pid %d", outcomeNames[got], pid, err, outcomeNames[test.want], test.pid)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	nodetest.NoLeaks(t)
	if got, _, err := Request(t.Context(), nil, measure.Local(nodetest.FreePort(t))); got != Refused || err != nil {
		t.Errorf("%s with error %v, want refused", outcomeNames[got], err)
	}
}
