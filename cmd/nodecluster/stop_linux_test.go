package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// packages lets a sample program find the packages that it uses.
func packages(t *testing.T) []string {
	return []string{"NODE_PATH=" + filepath.Join(nodetest.Apps(t), "node_modules")}
}

// A server of WebSockets that ends them at the signal: its clients hear why.
func TestStopEndsWebSockets(t *testing.T) {
	for _, how := range []string{"disconnect", "signal"} {
		t.Run(how, func(t *testing.T) {
			port := nodetest.FreePort(t)
			p := launch(t, append(packages(t), portVariable(port)...), "-i", "1", "--kill-timeout", "4s", "--stop", how, app(t, "ws.js"))
			p.await("listening", 1)
			conn, err := net.Dial("tcp", localhost(port))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
			reader := bufio.NewReader(conn)
			response, err := http.ReadResponse(reader, nil)
			if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
				t.Fatalf("the upgrade is answered with %v, %v", response, err)
			}
			p.signal(syscall.SIGTERM)
			frame := make([]byte, 4)
			if _, err := io.ReadFull(reader, frame); err != nil || frame[0] != 0x88 || int(frame[2])<<8|int(frame[3]) != 1001 {
				t.Errorf("the client gets %x, %v, want the close frame of 1001", frame, err)
			}
			// The client's close, masked with zeros.
			conn.Write([]byte{0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9})
			io.Copy(io.Discard, reader)
			conn.Close()
			p.expectStatus(0)
			if e := p.events("exit")[0]; e.Signal == "SIGKILL" {
				t.Errorf("the exit is %+v", e)
			}
		})
	}
}

// terminus answers 503 to health checks before it closes, so that a load balancer turns away: clients see that.
func TestStopBySignalShowsUnreadiness(t *testing.T) {
	port := nodetest.FreePort(t)
	p := launch(t, append(packages(t), portVariable(port)...), "-i", "1", "--kill-timeout", "1h", "--stop", "signal", app(t, "terminus.js"))
	p.await("listening", 1)
	status := func(path string) int {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
		response, err := client.Get("http://" + localhost(port) + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if s := status("/health"); s != 200 {
		t.Errorf("the health is %d before the stop", s)
	}
	p.signal(syscall.SIGTERM)
	poll(t, "the health is 503", func() bool { return status("/health") == 503 })
	if s := status("/"); s != 200 {
		t.Errorf("a request is answered with %d meanwhile", s)
	}
	status("/drained")
	p.expectStatus(0)
	if said := p.stdout.String(); said != "cleaned up\n" {
		t.Errorf("the worker has printed %q", said)
	}
}

// The hooks of a framework run: at once if the stop is by signal, and else if something keeps the worker, as a database does.
func TestStopRunsHooks(t *testing.T) {
	for how, more := range map[string][]string{"signal": nil, "disconnect": {"DATABASE=1"}} {
		t.Run(how, func(t *testing.T) {
			port := nodetest.FreePort(t)
			env := append(append(packages(t), portVariable(port)...), more...)
			p := launch(t, env, "-i", "1", "--kill-timeout", "1h", "--stop", how, app(t, "nest.js"))
			p.await("listening", 1)
			p.signal(syscall.SIGTERM)
			p.expectStatus(0)
			if said := p.stdout.String(); said != "shut down by SIGTERM\n" {
				t.Errorf("the worker has printed %q", said)
			}
		})
	}
}

// stopLoad is clients that make one request after the other, and what became of those that were sent before the stop.
type stopLoad struct {
	port     int
	stopping atomic.Bool // the signal is about to be sent
	enough   atomic.Bool // no more requests
	clients  sync.WaitGroup

	mu       sync.Mutex
	answered int
	lost     []error
	refused  int // of those sent afterwards
	longest  time.Duration
}

// client makes requests until the server is gone, or enough is set.
func (l *stopLoad) client(keepAlive bool) {
	head := "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	if keepAlive {
		head = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
	}
	var conn net.Conn
	var reader *bufio.Reader
	for !l.enough.Load() {
		if conn == nil {
			var err error
			if conn, err = net.DialTimeout("tcp", localhost(l.port), patience); err != nil {
				if l.count(time.Now(), l.stopping.Load(), err); l.stopping.Load() {
					return
				}
				continue
			}
			conn.SetDeadline(time.Now().Add(patience))
			reader = bufio.NewReader(conn)
		}
		begun := time.Now()
		_, err := io.WriteString(conn, head)
		late := l.stopping.Load() // it was sent, and the signal was not, unless this says so
		var response *http.Response
		if err == nil {
			response, err = http.ReadResponse(reader, nil)
		}
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
		}
		l.count(begun, late, err)
		if err != nil || response.Close {
			conn.Close()
			conn = nil
		}
	}
	if conn != nil {
		conn.Close()
	}
}

func (l *stopLoad) count(begun time.Time, late bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.answered++
		l.longest = max(l.longest, time.Since(begun))
	case late:
		l.refused++
	default:
		l.lost = append(l.lost, err)
	}
}

// expectNoneLost changes something while clients ask, all of which have to be answered.
func expectNoneLost(t *testing.T, port int, change func()) {
	t.Helper()
	l := &stopLoad{port: port}
	for i := range 16 {
		l.clients.Go(func() { l.client(i%2 == 0) })
	}
	answered := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.answered
	}
	poll(t, "there is load", func() bool { return answered() > 100 })
	change()
	during := answered()
	poll(t, "there is load after the change", func() bool { return answered() > during+100 })
	l.enough.Store(true)
	l.clients.Wait()
	if len(l.lost) > 0 {
		t.Errorf("%d requests failed and %d were answered: %v", len(l.lost), l.answered, l.lost[0])
	}
}

// busy answers after some milliseconds. It may have a handler of its own.
const busy = `
	const server = require('http').createServer((request, response) => setTimeout(() => response.end('served'), 20 * Math.random()));
	server.listen(process.env.PORT);
	if (process.env.HANDLER) process.once('SIGTERM', () => server.close());`

// Every request that was sent before the signal is answered.
func TestStopUnderLoad(t *testing.T) {
	script := nodetest.Script(t, "busy.js", busy)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for _, policy := range []string{"rr", "reuseport"} {
			for name, handler := range map[string][]string{"with a handler": {"HANDLER=1"}, "without": nil} {
				t.Run(policy+" "+name, func(t *testing.T) { stopUnderLoad(t, node, policy, script, handler) })
			}
		}
	})
	t.Run("express", func(t *testing.T) { stopUnderLoad(t, nodetest.Default(t), "rr", app(t, "express5.js"), packages(t)) })
}

func stopUnderLoad(t *testing.T, node nodetest.Runtime, policy, script string, env []string) {
	l := &stopLoad{port: nodetest.FreePort(t)}
	p := launch(t, append(portVariable(l.port), env...), "--node", node.Path, "-i", "4", "--sched", policy, script)
	p.await("listening", 4)
	for i := range 32 {
		l.clients.Go(func() { l.client(i%2 == 0) })
	}
	poll(t, "there is load", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.answered > 200
	})
	l.stopping.Store(true)
	begun := time.Now()
	p.signal(syscall.SIGTERM)
	time.Sleep(100 * time.Millisecond)
	l.enough.Store(true)
	l.clients.Wait()
	p.expectStatus(0)
	if len(l.lost) > 0 {
		t.Errorf("%d requests were sent before the signal and not answered, %d were: %v", len(l.lost), l.answered, l.lost[0])
	}
	var signals []string
	for _, e := range p.events("exit") {
		if e.Signal != "" {
			signals = append(signals, e.Signal)
		}
	}
	t.Logf("answered %d, lost %d, refused later %d; the longest answer took %v, the stop %v; signals: %s",
		l.answered, len(l.lost), l.refused, l.longest.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond), strings.Join(signals, " "))
}
