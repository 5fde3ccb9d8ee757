package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// peer is the server's end of a connection.
type peer struct {
	*net.TCPConn
	requests *bufio.Reader
}

// take reads a request to its end, and gives how long its body is.
func (p peer) take() int64 {
	request, err := http.ReadRequest(p.requests)
	if err != nil {
		return -1
	}
	n, err := io.Copy(io.Discard, request.Body)
	if err != nil {
		return -1
	}
	return n
}

const (
	answerAndGoOn  = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n7 0"
	answerAndClose = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\n7 0"
)

// serve has each connection handled, in turn, and gives the address.
func serve(t *testing.T, handle ...func(peer)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for _, h := range handle {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			h(peer{conn.(*net.TCPConn), bufio.NewReader(conn)})
			conn.Close()
		}
	})
	return listener.Addr().String()
}

func TestHowRequestsFail(t *testing.T) {
	answer := func(text string) func(peer) {
		return func(p peer) {
			p.take()
			io.WriteString(p, text)
		}
	}
	for _, c := range []struct {
		name     string
		handle   func(peer)
		deadline time.Duration
		want     kind
	}{
		{"closed", func(p peer) { p.take() }, time.Minute, noAnswer},
		{"cut short", answer("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n7"), time.Minute, noAnswer},
		{"reset", func(p peer) { p.take(); p.SetLinger(0) }, time.Minute, reset},
		{"hung", func(p peer) { p.take(); p.take() }, 50 * time.Millisecond, timeout},
		{"unavailable", answer("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), time.Minute, wrong},
		{"of another body", answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n7 99"), time.Minute, wrong},
	} {
		t.Run(c.name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			client := &client{address: serve(t, c.handle), keepAlive: true}
			err := client.ask(time.Now().Add(c.deadline), false)
			client.hangUp()
			if err == nil || kindOf(err) != c.want {
				t.Errorf("%v, want one of kind %s", err, kindNames[c.want])
			}
		})
	}
}

func TestRefused(t *testing.T) {
	nodetest.NoLeaks(t)
	client := &client{address: measure.Local(nodetest.FreePort(t))}
	if err := client.ask(time.Now().Add(time.Minute), false); err == nil || kindOf(err) != refused {
		t.Errorf("%v, want one of kind refused", err)
	}
}

// A server may end a connection that no request is on. The client opens another one for the next request then.
func TestEndBetweenRequests(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []string // on the connection that ends
	}{
		{"announced", []string{answerAndClose}},
		{"not announced", []string{answerAndGoOn}},
		{"after several requests", []string{answerAndGoOn, answerAndGoOn, answerAndClose}},
	} {
		t.Run(c.name, func(t *testing.T) {
			nodetest.NoLeaks(t)
			ended := make(chan struct{})
			address := serve(t, func(p peer) {
				for _, answer := range c.answers {
					p.take()
					io.WriteString(p, answer)
				}
				p.Close()
				close(ended)
			}, func(p peer) { p.take(); io.WriteString(p, answerAndGoOn) })
			client := &client{address: address, keepAlive: true}
			defer client.hangUp()
			over := time.Now().Add(time.Minute)
			for i := range len(c.answers) + 1 {
				if i == len(c.answers) {
					<-ended
				}
				if err := client.ask(over, false); err != nil {
					t.Fatalf("request %d: %v", i, err)
				}
			}
		})
	}
}

// A reset is a failure also where no request is on the connection.
func TestResetBetweenRequests(t *testing.T) {
	nodetest.NoLeaks(t)
	answered, ended := make(chan struct{}), make(chan struct{})
	address := serve(t, func(p peer) {
		p.take()
		io.WriteString(p, answerAndGoOn)
		<-answered
		p.SetLinger(0)
		p.Close()
		close(ended)
	})
	client := &client{address: address, keepAlive: true}
	defer client.hangUp()
	if err := client.ask(time.Now().Add(time.Minute), false); err != nil {
		t.Error(err)
	}
	close(answered)
	<-ended
	if err := client.ask(time.Now().Add(time.Minute), false); err == nil || kindOf(err) != reset {
		t.Errorf("%v, want one of kind reset", err)
	}
}

// A client sends a body now and then, and all of it.
func TestBodies(t *testing.T) {
	nodetest.NoLeaks(t)
	ctx, cancel := context.WithCancel(t.Context())
	var sizes []int64
	served := make(chan struct{})
	address := serve(t, func(p peer) {
		defer close(served)
		for len(sizes) < bodyEvery {
			size := p.take()
			if sizes = append(sizes, size); size == bodySize {
				cancel() // with the client's last answer on its way
				io.WriteString(p, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n7 1048576")
				return
			}
			io.WriteString(p, answerAndGoOn)
		}
	})
	client := &client{address: address, keepAlive: true}
	client.run(ctx)
	<-served
	if len(client.failures) > 0 || len(client.samples) != bodyEvery || sizes[bodyEvery-1] != bodySize {
		t.Errorf("%d requests were answered; failures %v; the last body had %d bytes", len(client.samples), client.failures, sizes[len(sizes)-1])
	}
}
