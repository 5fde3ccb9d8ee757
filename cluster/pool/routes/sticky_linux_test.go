package routes_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// startSticky runs a program whose workers do not listen, and serves their clients.
func startSticky(t *testing.T, node nodetest.Runtime, program string, workers int) (p *pool.Pool, address string) {
	t.Helper()
	sticky := routes.NewSticky()
	p = startPool(t, cluster.Settings{
		ExecPath: node.Path, Exec: program, Serialization: nodeipc.Advanced, Env: append(os.Environ(), "NODE_PATH="+nodetest.Libraries(t)),
	}, pool.Options{Instances: workers, Restart: pool.RestartAlways, MinPause: time.Millisecond, Routes: []pool.Route{sticky}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	events := p.Subscribe(cluster.MessageEvent{})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for ready := 0; ready < workers; {
		event, err := events.Next(clustertest.Patient(t))
		if err != nil {
			t.Fatal(err)
		}
		if p.RouteOf(event.(cluster.MessageEvent).Message) == nil {
			ready++
		}
	}
	events.Close()
	served := make(chan error, 1)
	go func() { served <- sticky.Serve(l, p) }()
	t.Cleanup(func() {
		sticky.Close()
		sticky.Close()
		if err := nodetest.Receive(t, served, "end of Serve"); err != nil {
			t.Error(err)
		}
	})
	return p, l.Addr().String()
}

// Real clients of each transport stay with one worker each, though the workers do not listen, and get on when one of them is killed.
func TestSticky(t *testing.T) {
	nodetest.EachNodeSince(t, oldestNode, func(t *testing.T, node nodetest.Runtime) {
		nodetest.NoLeaks(t)
		p, address := startSticky(t, node, "testdata/sticky.js", 3)
		_, port, _ := net.SplitHostPort(address)
		const clients, rounds = 12, 10
		cmd := exec.CommandContext(clustertest.Patient(t), node.Path, "testdata/sticky-clients.js", port, fmt.Sprint(clients), fmt.Sprint(rounds))
		cmd.Env = append(os.Environ(), "NODE_PATH="+nodetest.Libraries(t))
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stdout strings.Builder
		cmd.Stdout = &stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewScanner(stderr)
		for said.Scan() && said.Text() != "begun" {
			t.Log(said.Text())
		}
		if err := p.Workers()[0].Kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for said.Scan() {
			t.Log(said.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		var outcome struct {
			Right   int
			Wrong   [][]int
			Workers map[string]int
		}
		if err := json.Unmarshal([]byte(stdout.String()), &outcome); err != nil {
			t.Fatalf("%v: %q", err, stdout.String())
		}
		if outcome.Right != clients*rounds || len(outcome.Wrong) > 0 || len(outcome.Workers) < 2 {
			t.Errorf("the clients came to %+v, want %d right", outcome, clients*rounds)
		}
	})
}

// hostileSticky answers each connection that stays the primary's with what breaks the protocol, in each field, and only then as it should.
// Before it has said the same without being asked, also in the name of the others' sessions.
const hostileSticky = `
	const values = [undefined, null, 0, -1, 1e300, true, '', 'x', 'x'.repeat(1 << 20), [], {}, [[]], Buffer.alloc(1 << 16), new Map([[1, 2]]), 12n];
	const types = ['connection', 'disconnection', 'http-response', 'http-response-end', 'http-response-destroy', 'http-chunk-start', 'nonsense'];
	const flood = () => {
		for (const type of types) for (const value of values) {
			process.send({ type: 'sticky:' + type, data: value, connectionId: value, error: value });
			process.send({ type: 'sticky:' + type, data: value });
			process.send({ type: 'sticky:' + type, connectionId: 'AAAAAAAAAAAAAAAA', data: value });
		}
		for (const value of values) process.send({ type: value, note: 'sticky:', data: value });
	};
	flood();
	process.on('message', (m, socket) => {
		const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n' + require('cluster').worker.id;
		if (socket) return socket.end(answer);
		if (m.type !== 'sticky:http-chunk-start') return;
		flood();
		const connectionId = m.connectionId;
		process.send({ type: 'sticky:http-response', connectionId, data: 'no bytes' });
		process.send({ type: 'sticky:http-response', connectionId, data: Buffer.from(answer) });
		process.send({ type: 'sticky:http-response-end', connectionId });
		process.send({ type: 'sticky:http-response', connectionId, data: Buffer.from('after the end') });
	});
	process.send('ready');`

// What breaks the protocol, of workers and of clients, harms nobody.
func TestStickyHostile(t *testing.T) {
	nodetest.NoLeaks(t)
	_, address := startSticky(t, nodetest.Default(t), nodetest.Script(t, "hostile.js", hostileSticky), 2)
	for _, text := range []string{
		"", "\x00", "GET", "\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 99999\r\n\r\nx", strings.Repeat("x", 20<<10),
		"GET /?sid= HTTP/1.1\r\n\r\n", "GET /?sid=" + strings.Repeat("x", 15<<10) + " HTTP/1.1\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, text)
		conn.Close()
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: clustertest.Patience}
	for i := range 20 {
		var response *http.Response
		var err error
		if i%2 == 0 {
			response, err = client.Get("http://" + address)
		} else {
			response, err = client.Post("http://"+address, "text/plain", strings.NewReader("body"))
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(body) != "1" && string(body) != "2" {
			t.Errorf("request %d is answered with %q, %v", i, body, err)
		}
	}
}

// Without a worker clients are told so, and without the serialization that the package needs nobody is served.
func TestStickyWithoutWorkers(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, serialization := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
		sticky := routes.NewSticky()
		p := startPool(t, cluster.Settings{Exec: "x", Serialization: serialization}, pool.Options{Instances: 1, Routes: []pool.Route{sticky}})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- sticky.Serve(l, p) }()
		if serialization == nodeipc.Advanced {
			conn := clustertest.Connect(t, "tcp", l.Addr().String())
			io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
			if line, err := conn.Reader.ReadString('\n'); line != "HTTP/1.1 503 Service Unavailable\r\n" {
				t.Errorf("the answer is %q, %v", line, err)
			}
			sticky.Close()
		}
		err = nodetest.Receive(t, served, "end of Serve")
		if isTold := err != nil && strings.Contains(err.Error(), `needs the serialization "advanced"`); isTold != (serialization == nodeipc.JSON) {
			t.Errorf("%s: Serve returns %v", serialization, err)
		}
	}
}
