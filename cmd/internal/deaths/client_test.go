//go:build unix

package main

import (
	"context"
	"net"
	"strings"
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
		want   outcome
		pid    int
	}{
		{"answered", answer("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"pid\":123}"), answered, 123},
		{"cut short", answer("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"pid\""), reset, 0},
		{"closed", read, reset, 0},
		{"reset", func(c *net.TCPConn) { read(c); c.SetLinger(0) }, reset, 0},
		{"hung", func(c *net.TCPConn) { read(c); read(c) }, hung, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			patience := time.Minute
			if test.want == hung {
				patience = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			got, pid, err := request(ctx, nil, serve(t, test.handle))
			if got != test.want || pid != test.pid || err != nil {
				t.Errorf("%s with pid %d and error %v, want %s with pid %d", outcomeNames[got], pid, err, outcomeNames[test.want], test.pid)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	nodetest.NoLeaks(t)
	if got, _, err := request(t.Context(), nil, measure.Local(nodetest.FreePort(t))); got != refused || err != nil {
		t.Errorf("%s with error %v, want refused", outcomeNames[got], err)
	}
}

func TestTurnUnderNode(t *testing.T) {
	nodetest.NoLeaks(t)
	c := contestant{name: "node", command: []string{nodetest.Default(t).Path, "testdata/primary.js", "../../../testdata/apps/http.js"}}
	if err := c.turn(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if c.kills == 0 || c.counts[answered] == 0 {
		t.Errorf("%d workers killed, %d connections answered", c.kills, c.counts[answered])
	}
	var table strings.Builder
	if err := printTable(&table, []contestant{c}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(table.String(), "\n"); lines != 2 {
		t.Errorf("a table of %d lines for one primary:\n%s", lines, table.String())
	}
}
