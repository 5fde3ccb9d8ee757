//go:build linux

package worker_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// How many requests TestServices makes: 50,000 in all.
const (
	proxied       = 8_500 // over connections that are kept
	proxiedApart  = 450   // each over one of its own
	uploads       = 50    // of a megabyte each
	overHTTP2     = 12_000
	framesHeld    = 28_000 // of WebSockets, over heldSockets connections that are open all the time
	socketsApart  = 200    // with framesApart each
	framesApart   = 5
	heldSockets   = 8
	serviceClient = 8 // at a time, of each service
)

// services are the ports of a Go worker that runs servicesProgram under a real Node primary.
type services struct {
	*clustertest.TracingPrimary
	t                       *testing.T
	worker                  int
	proxy, websocket, http2 int
}

// TestServices has a reverse proxy, WebSockets and HTTP/2 in a Go worker under Node, and nothing of it is left over.
func TestServices(t *testing.T) {
	nodetest.NoLeaks(t)
	backend := httptest.NewServer(http.HandlerFunc(echoBody))
	t.Cleanup(backend.Close)
	s := startServices(t, backend.URL)
	s.askProxy(1, serviceClient)
	before := s.footprint()
	held := s.holdWebSockets()
	var load sync.WaitGroup
	load.Go(func() { s.askProxy(proxied, serviceClient) })
	load.Go(func() { s.askProxyApart(proxiedApart) })
	load.Go(func() { s.upload(uploads) })
	load.Go(func() { s.askHTTP2(overHTTP2) })
	load.Go(func() { s.openWebSockets(socketsApart) })
	load.Go(func() { s.echoFrames(held, framesHeld) })
	load.Wait()
	clustertest.HangUp(held)
	s.expectFootprint(before)
	s.DisconnectWorker(s.worker)
	if code := s.AwaitEvent("exit", s.worker).Code; code != 0 {
		t.Errorf("the worker ended with code %d", code)
	}
}

func startServices(t *testing.T, backend string) *services {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &services{
		TracingPrimary: clustertest.StartTracingPrimary(t, nodetest.Default(t), nil), t: t,
		proxy: nodetest.FreePort(t), websocket: nodetest.FreePort(t), http2: nodetest.FreePort(t),
	}
	s.Setup(cluster.SchedRR, map[string]any{})
	s.worker = s.Fork(self, nil, append(clustertest.AsProgram(servicesProgram), "BACKEND="+backend,
		"PROXY_PORT="+strconv.Itoa(s.proxy), "WEBSOCKET_PORT="+strconv.Itoa(s.websocket), "HTTP2_PORT="+strconv.Itoa(s.http2))...)
	s.Await(t, "three servers", func(clustertest.Occurrence) bool { return s.Count("listening") == 3 })
	return s
}

// footprint asks the worker for its own.
func (s *services) footprint() (f footprint) {
	s.t.Helper()
	if err := json.Unmarshal(clustertest.AskAgent(s.t, s, s.worker, clustertest.Command{}).Value, &f); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// expectFootprint asks until the worker has noticed that all connections are closed.
func (s *services) expectFootprint(want footprint) {
	s.t.Helper()
	end := time.Now().Add(clustertest.Patience)
	got := s.footprint()
	for got.Descriptors > want.Descriptors || got.Goroutines > want.Goroutines {
		if time.Now().After(end) {
			s.t.Errorf("after the requests the worker has %+v, before them it had %+v", got, want)
			return
		}
		got = s.footprint()
	}
}

// together runs n tasks with so many clients at a time.
func (s *services) together(n, clients int, task func(i int) error) {
	next := make(chan int)
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for i := range next {
				if err := task(i); err != nil {
					s.t.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	running.Wait()
}

// echo posts a body that must come back behind the name of the protocol.
func echo(client *http.Client, port int, proto string, body []byte) error {
	response, err := client.Post("http://"+clustertest.Local(port), "text/plain", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var got bytes.Buffer
	got.Grow(len(body) + 512)
	if n, err := got.ReadFrom(response.Body); err != nil {
		return fmt.Errorf("after %d of %d bytes, %s: %w", n, len(body)+len(proto)+1, response.Header, err)
	}
	if rest, ok := bytes.CutPrefix(got.Bytes(), []byte(proto+" ")); !ok || !bytes.Equal(rest, body) {
		return fmt.Errorf("port %d answers %.50q, want %s %.50q", port, got.Bytes(), proto, body)
	}
	return nil
}

func (s *services) askProxy(n, clients int) {
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: clustertest.Patience}
	s.together(n, clients, func(i int) error { return echo(client, s.proxy, "HTTP/1.1", fmt.Append(nil, i)) })
}

func (s *services) askProxyApart(n int) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: clustertest.Patience}
	s.together(n, 2, func(i int) error { return echo(client, s.proxy, "HTTP/1.1", fmt.Append(nil, i)) })
}

func (s *services) upload(n int) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: clustertest.Patience}
	body := bytes.Repeat([]byte("upload"), 1<<20/6)
	s.together(n, 2, func(int) error { return echo(client, s.proxy, "HTTP/1.1", body) })
}

func (s *services) askHTTP2(n int) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: clustertest.Patience}
	s.together(n, serviceClient, func(i int) error { return echo(client, s.http2, "HTTP/2.0", fmt.Append(nil, i)) })
}

func (s *services) openWebSockets(n int) {
	s.together(n, 2, func(int) error {
		c, err := openWebSocket(s.websocket)
		if err != nil {
			return err
		}
		defer c.Close()
		return echoFrames(c, framesApart)
	})
}

func (s *services) holdWebSockets() (held []*clustertest.Client) {
	s.t.Helper()
	for range heldSockets {
		c, err := openWebSocket(s.websocket)
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { c.Close() })
		held = append(held, c)
	}
	return held
}

func (s *services) echoFrames(held []*clustertest.Client, n int) {
	s.together(len(held), len(held), func(i int) error { return echoFrames(held[i], n/len(held)) })
}

// openWebSocket opens a connection and shakes hands.
func openWebSocket(port int) (*clustertest.Client, error) {
	conn, err := net.DialTimeout("tcp", clustertest.Local(port), clustertest.Patience)
	if err != nil {
		return nil, err
	}
	c := &clustertest.Client{Conn: conn, Reader: bufio.NewReader(conn)}
	request := "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	conn.SetDeadline(time.Now().Add(clustertest.Patience))
	if _, err := io.WriteString(conn, request); err != nil {
		conn.Close()
		return nil, err
	}
	response, err := http.ReadResponse(c.Reader, nil)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if got := response.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		conn.Close()
		return nil, fmt.Errorf("the server shakes hands with %q", got)
	}
	return c, nil
}

// echoFrames sends text frames, each of which must come back before the next.
func echoFrames(c *clustertest.Client, n int) error {
	for i := range n {
		frame := fmt.Appendf([]byte{0x81, 6}, "%06d", i)
		if err := c.SetDeadline(time.Now().Add(clustertest.Patience)); err != nil {
			return err
		}
		if _, err := c.Write(frame); err != nil {
			return err
		}
		got := make([]byte, len(frame))
		if _, err := io.ReadFull(c.Reader, got); err != nil {
			return err
		}
		if !bytes.Equal(got, frame) {
			return fmt.Errorf("frame %q comes back as %q", frame, got)
		}
	}
	return nil
}
