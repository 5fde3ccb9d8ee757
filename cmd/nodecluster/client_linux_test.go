package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// app is the path of a sample program.
func app(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "testdata", "apps", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func portVariable(port int) []string { return []string{"PORT=" + strconv.Itoa(port)} }

func localhost(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// whoami is what the sample programs answer.
type whoami struct{ PID, Worker int }

// ask makes a request on a connection of its own.
func ask(network, address string) (who whoami, err error) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	client := http.Client{Transport: transport, Timeout: patience}
	response, err := client.Get("http://localhost/")
	if err != nil {
		return whoami{}, err
	}
	defer response.Body.Close()
	return who, json.NewDecoder(response.Body).Decode(&who)
}

func mustAsk(t *testing.T, network, address string) whoami {
	t.Helper()
	who, err := ask(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// slowServer answers a request once its body has ended.
const slowServer = `
	require('http').createServer((req, res) => {
		res.write('begun');
		req.on('end', () => res.end('done')).resume();
	}).listen(process.env.PORT);`

// request is one to slowServer that is under way.
type request struct {
	t    *testing.T
	conn net.Conn
}

// begin makes a request, and returns when the worker is at it.
func begin(t *testing.T, port int) *request {
	t.Helper()
	conn, err := net.Dial("tcp", localhost(port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	const head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	var answer []byte
	for buffer := make([]byte, 1024); !endsWith(answer, "begun\r\n"); {
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatalf("the request has not begun: %v, after %q", err, answer)
		}
		answer = append(answer, buffer[:n]...)
	}
	return &request{t, conn}
}

func endsWith(b []byte, end string) bool {
	return len(b) >= len(end) && string(b[len(b)-len(end):]) == end
}

// finish completes the request, and gives the rest of the answer.
func (r *request) finish() string {
	r.t.Helper()
	if _, err := io.WriteString(r.conn, "0\r\n\r\n"); err != nil {
		r.t.Fatal(err)
	}
	rest, err := io.ReadAll(r.conn)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(rest)
}

// isCut reports whether the connection ends without an answer.
func (r *request) isCut() bool {
	rest, err := io.ReadAll(r.conn)
	return len(rest) == 0 && !errors.Is(err, os.ErrDeadlineExceeded)
}

// awaitRefusal waits until nobody listens on the port.
func awaitRefusal(t *testing.T, port int) {
	t.Helper()
	poll(t, "nobody listens any more", func() bool {
		conn, err := net.Dial("tcp", localhost(port))
		if err == nil {
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
}
