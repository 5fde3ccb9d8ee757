//go:build linux

package worker_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster/worker"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// servicesProgram is a worker with three servers: a reverse proxy, WebSockets, and HTTP/2 without TLS.
const servicesProgram = "services"

func init() { clustertest.Programs[servicesProgram] = runServices }

// footprint is what a worker has of the system and the runtime.
type footprint struct{ Descriptors, Goroutines int }

func runServices() error {
	ctx := context.Background()
	self, err := worker.Join(ctx)
	if err != nil {
		return err
	}
	backend, err := url.Parse(os.Getenv("BACKEND"))
	if err != nil {
		return err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	proxy := &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(backend) }}
	var http2 http.Protocols
	http2.SetUnencryptedHTTP2(true)
	servers := map[string]*http.Server{
		"PROXY_PORT":     {Handler: fullDuplex(proxy)},
		"WEBSOCKET_PORT": {Handler: http.HandlerFunc(echoWebSocket)},
		"HTTP2_PORT":     {Handler: http.HandlerFunc(echoBody), Protocols: &http2},
	}
	var serving sync.WaitGroup
	failures := make(chan error, len(servers)+1)
	for variable, server := range servers {
		serving.Go(func() { failures <- self.Serve(ctx, server, "tcp", "127.0.0.1:"+os.Getenv(variable)) })
	}
	serving.Go(func() { failures <- tellFootprint(self, transport) })
	serving.Wait()
	close(failures)
	var all error
	for err := range failures {
		all = errors.Join(all, err)
	}
	return all
}

// fullDuplex lets a proxy begin its answer while it has not seen the end of an upload; without it, net/http may close
// the body under it, in a worker as in any other server.
func fullDuplex(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			panic(err)
		}
		h.ServeHTTP(w, r)
	})
}

// tellFootprint answers each message with the worker's footprint, less what is only kept for later.
func tellFootprint(self *worker.Process, transport *http.Transport) error {
	ctx := context.Background()
	for {
		m, err := self.Receive(ctx)
		if errors.Is(err, nodeipc.ErrDisconnected) {
			return nil
		}
		if err != nil {
			return err
		}
		var o clustertest.Order
		if err := m.Decode(&o); err != nil {
			return err
		}
		transport.CloseIdleConnections()
		runtime.GC()
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			return err
		}
		value := footprint{Descriptors: len(entries), Goroutines: runtime.NumGoroutine()}
		if err := self.Send(ctx, clustertest.Reply{"n": o.N, "value": value}); err != nil {
			return err
		}
	}
}

func echoBody(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	io.WriteString(w, r.Proto+" ")
	w.Write(body)
}

// echoWebSocket shakes hands as a WebSocket server and then sends back what comes.
func echoWebSocket(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	buffer := make([]byte, 4096)
	for {
		n, err := buffered.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}
