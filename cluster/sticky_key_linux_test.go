package cluster_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// keyedServer serves HTTP on a port and on a Unix socket, and HTTPS on the next port. It answers with who it is and what it was asked.
const keyedServer = `
const { PORT, SOCKET, TLS } = process.env;
const fs = require('fs');
const answer = (request, response) => response.end(JSON.stringify({
	worker: require('cluster').worker.id, url: request.url, headers: request.headers,
}));
require('http').createServer(answer).listen(PORT, '127.0.0.1');
require('http').createServer(answer).listen(SOCKET);
require('https').createServer({ key: fs.readFileSync(TLS + '/key.pem'), cert: fs.readFileSync(TLS + '/cert.pem') }, answer)
	.listen(Number(PORT) + 1, '127.0.0.1');`

// keyed are workers of keyedServer under a sticky key.
type keyed struct {
	*clustertest.Rig
	port int
	path string
}

func newKeyed(t *testing.T, node nodetest.Runtime, key cluster.StickyKey, workers int) *keyed {
	t.Helper()
	k := &keyed{port: nodetest.FreePort(t), path: filepath.Join(t.TempDir(), "socket")}
	k.Rig = clustertest.NewRig(t, cluster.Settings{
		Exec: nodetest.Script(t, "keyed.js", keyedServer), ExecPath: node.Path, StickyKey: key, HoldListeners: true,
		Env: []string{
			fmt.Sprintf("PORT=%d", k.port), "SOCKET=" + k.path, "TLS=" + filepath.Join(filepath.Dir(clustertest.RealApp(t, "https.js")), "tls"),
		},
	})
	for range workers {
		k.fork(t)
	}
	return k
}

// fork starts a worker and waits until its three servers listen.
func (k *keyed) fork(t *testing.T) {
	t.Helper()
	w := k.MustFork().ID()
	k.Listening(t, w, k.port)
	k.Listening(t, w, k.port+1)
	k.Await(t, "the server on a path", func(o clustertest.Occurrence) bool {
		return o.Event == "listening" && o.Worker == w && o.Address.Address == k.path
	})
}

// said is what a server answers.
type said struct {
	Worker  int
	URL     string
	Headers map[string]string
}

// answerOn reads the answer on a connection.
func answerOn(t testing.TB, conn net.Conn) (answer said) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(clustertest.Patience))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// sends opens a connection from the address of a client and sends the parts of what it has to say, one after the other.
func (k *keyed) sends(t testing.TB, client int, parts ...string) net.Conn {
	t.Helper()
	conn := connectFrom(t, clientAddress(client), k.port).Conn
	say(t, conn, parts...)
	return conn
}

func say(t testing.TB, conn net.Conn, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if _, err := io.WriteString(conn, part); err != nil {
			t.Fatal(err)
		}
	}
}

// asks sends a request and returns the answer.
func (k *keyed) asks(t testing.TB, client int, parts ...string) said {
	t.Helper()
	conn := k.sends(t, client, parts...)
	defer conn.Close()
	return answerOn(t, conn)
}

const nKeys = 48

// expectSticky asks with each key from several addresses, and checks that the key alone decides. It returns whose the keys are.
func expectSticky(t *testing.T, workers int, ask func(t testing.TB, client int, key string) int) (whose []int) {
	t.Helper()
	by := map[int]int{}
	for i := range nKeys {
		key := fmt.Sprintf("key%d", i)
		w := ask(t, 1, key)
		for client := 2; client < 5; client++ {
			if again := ask(t, client, key); again != w {
				t.Fatalf("%s is served by worker %d and then by %d", key, w, again)
			}
		}
		by[w]++
		whose = append(whose, w)
	}
	if len(by) != workers {
		t.Errorf("the %d keys are with %d workers, want %d: %v", nKeys, len(by), workers, by)
	}
	return whose
}

// Each kind of key decides, whatever the client's address, and the request comes whole to the worker.
func TestStickyKeysOfRequests(t *testing.T) {
	for _, c := range []struct {
		key     cluster.StickyKey
		request string
	}{
		{cluster.StickyHeader("X-Forwarded-For"), "GET /%[2]s HTTP/1.1\r\nHost: x\r\nx-forwarded-for: %[1]s, 10.0.0.1\r\n\r\n"},
		{cluster.StickyCookie("session"), "GET /%[2]s HTTP/1.1\r\nHost: x\r\nCookie: a=b; session=%[1]s\r\n\r\n"},
		{cluster.StickyQuery("sid"), "GET /%[2]s?EIO=4&sid=%[1]s HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		t.Run(string(c.key), func(t *testing.T) {
			nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) { testStickyKey(t, node, c.key, c.request) })
		})
	}
}

func testStickyKey(t *testing.T, node nodetest.Runtime, key cluster.StickyKey, request string) {
	nodetest.NoLeaks(t)
	k := newKeyed(t, node, key, 3)
	n := 0
	whose := expectSticky(t, 3, func(t testing.TB, client int, key string) int {
		n++
		text := fmt.Sprintf(request, key, fmt.Sprint(n))
		var answer said
		switch client {
		case 1:
			answer = k.asks(t, client, text)
		case 2: // a byte a packet, as Go's connections have no delay
			answer = k.asks(t, client, strings.Split(text, "")...)
		case 3:
			answer = k.asks(t, client, text[:len(text)/2], text[len(text)/2:])
		default:
			conn := clustertest.Connect(t, "unix", k.path)
			say(t, conn, text[:10], text[10:])
			defer conn.Close()
			answer = answerOn(t, conn)
		}
		if path, _, _ := strings.Cut(answer.URL, "?"); path != fmt.Sprintf("/%d", n) || !strings.Contains(text, answer.URL+" ") {
			t.Errorf("the worker was asked for %q by %q", answer.URL, text)
		}
		return answer.Worker
	})

	k.Kill(2, syscall.SIGKILL)
	k.Event(t, "exit", 2)
	k.Event(t, "disconnect", 2)
	for i, before := range whose {
		if now := k.asks(t, 1, fmt.Sprintf(request, fmt.Sprintf("key%d", i), "")).Worker; now == 2 || before != 2 && now != before {
			t.Errorf("key%d moves from worker %d to %d when worker 2 dies", i, before, now)
		}
	}
	k.fork(t)
	for i, before := range whose {
		if now := k.asks(t, 1, fmt.Sprintf(request, fmt.Sprintf("key%d", i), "")).Worker; now != before && (before != 2 || now != 4) {
			t.Errorf("key%d moves from worker %d to %d, and worker 4 has succeeded worker 2", i, before, now)
		}
	}
}

func TestStickySNI(t *testing.T) {
	nodetest.NoLeaks(t)
	k := newKeyed(t, nodetest.Default(t), cluster.StickySNI, 3)
	expectSticky(t, 3, func(t testing.TB, client int, key string) int {
		raw, err := dialFrom(clientAddress(client), k.port+1)
		if err != nil {
			t.Fatal(err)
		}
		conn := tls.Client(raw, &tls.Config{ServerName: key + ".example", InsecureSkipVerify: true})
		defer conn.Close()
		say(t, conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		return answerOn(t, conn).Worker
	})
}

// The header of the PROXY protocol decides, and the worker does not see it. A client without one is served too.
func TestStickyProxyProtocol(t *testing.T) {
	nodetest.NoLeaks(t)
	k := newKeyed(t, nodetest.Default(t), cluster.StickyProxyProtocol, 3)
	const request = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
	v1 := func(i int) string { return fmt.Sprintf("PROXY TCP4 10.0.1.%d 10.0.0.1 1000 80\r\n", i) }
	v2 := func(i int) string {
		return "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x0a\x00\x01" + string(rune(i)) + "\x0a\x00\x00\x01\x00\x01\x00\x50"
	}
	expectSticky(t, 3, func(t testing.TB, client int, key string) int {
		var i int
		fmt.Sscanf(key, "key%d", &i)
		var answer said
		switch client {
		case 1:
			answer = k.asks(t, client, v1(i)+request)
		case 2:
			answer = k.asks(t, client, strings.Split(v1(i)+request, "")...)
		case 3:
			answer = k.asks(t, client, v2(i)+request)
		default:
			answer = k.asks(t, client, v2(i)[:5], v2(i)[5:20], v2(i)[20:], request)
		}
		if answer.URL != "/a" {
			t.Errorf("the worker was asked for %q", answer.URL)
		}
		return answer.Worker
	})
	before := k.asks(t, 5, request).Worker
	if again := k.asks(t, 5, "PROXY UNKNOWN\r\n", request).Worker; again != before {
		t.Errorf("an address is served by worker %d and then by %d", before, again)
	}
}

// A thousand clients that have sent a part of a request keep nobody waiting, and have the worker of their key in the end.
func TestSlowClientsOfAStickyKey(t *testing.T) {
	nodetest.NoLeaks(t)
	k := newKeyed(t, nodetest.Default(t), cluster.StickyHeader("Key"), 3)
	const slow, head, rest = 1000, "GET / HTTP/1.1\r\nHost: x\r\nKey: ", "%d\r\n\r\n"
	whose := map[int]int{}
	for i := range 50 {
		whose[i] = k.asks(t, 1, head+fmt.Sprintf(rest, i)).Worker
	}
	var clients []net.Conn
	for i := range slow {
		clients = append(clients, k.sends(t, i, head))
	}
	for i, want := range whose {
		if w := k.asks(t, 2, head+fmt.Sprintf(rest, i)).Worker; w != want {
			t.Errorf("key %d moves from worker %d to %d", i, want, w)
		}
	}
	undecided := k.Waiting()
	var running sync.WaitGroup
	moved := make(chan int, slow)
	for i, conn := range clients {
		running.Go(func() {
			defer conn.Close()
			say(t, conn, fmt.Sprintf(rest, i%50))
			if answerOn(t, conn).Worker != whose[i%50] {
				moved <- i
			}
		})
	}
	running.Wait()
	// On a machine that is busy a few clients may have been too slow: they have the worker of their address.
	if undecided > 0 && len(moved) > slow-undecided {
		t.Errorf("%d of %d slow clients have another worker than their key, and %d were waited for", len(moved), slow, undecided)
	}
	if waiting := k.Waiting(); waiting != 0 {
		t.Errorf("%d connections wait in the end", waiting)
	}
	t.Logf("%d of %d clients were waited for while others were served", undecided, slow)
}

// A client that says nothing has the worker of its address, when it has been waited for.
func TestSilentClientsOfAStickyKey(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := clustertest.AgentSettings(t, nodetest.Default(t))
	settings.SchedulingPolicy, settings.StickyKey = cluster.SchedSticky, cluster.StickyHeader("Key")
	r := clustertest.AgentsWith(t, settings, 3)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2, 3)
	const clients = 60
	first, second := connectFromMany(t, port, clients), connectFromMany(t, port, clients)
	by := map[int]int{}
	for i := range clients {
		w := first[i].Worker(t)
		if again := second[i].Worker(t); again != w {
			t.Errorf("%s is served by worker %d and by %d", clientAddress(i), w, again)
		}
		by[w]++
	}
	if len(by) != 3 {
		t.Errorf("the clients are with %d workers, want 3: %v", len(by), by)
	}
}

// What was accepted and has said too little is served when all workers are asked to leave.
func TestUndecidedClientsAreServedAtTheEnd(t *testing.T) {
	nodetest.NoLeaks(t)
	settings := clustertest.AgentSettings(t, nodetest.Default(t))
	settings.SchedulingPolicy, settings.StickyKey = "", cluster.StickyHeader("Key")
	r := clustertest.AgentsWith(t, settings, 2)
	port := clustertest.FreePort(t)
	clustertest.ListenAll(t, r, port, 1, 2)
	clients := connectFromMany(t, port, 100)
	for _, c := range clients {
		say(t, c, "GET / HT")
	}
	end := make(chan error, 1)
	go func() { end <- r.Disconnect(clustertest.Patient(t)) }()
	if served := clustertest.Greetings(t, clients); served[1]+served[2] != len(clients) {
		t.Errorf("connections by worker: %v, want %d in all", served, len(clients))
	}
	clustertest.HangUp(clients)
	if err := nodetest.Receive(t, end, "end of the workers"); err != nil {
		t.Error(err)
	}
}

// A key that makes no sense is refused with what to do.
func TestStickyKeysThatAreNone(t *testing.T) {
	for key, want := range map[cluster.StickyKey]string{
		"ip":            `sticky key "ip" is not known; use header:NAME, cookie:NAME, query:NAME, proxy-protocol or sni`,
		"header":        `sticky key "header" has no name that a header can have; use header:NAME`,
		"cookie:a b":    `sticky key "cookie:a b" has no name that a cookie can have; use cookie:NAME`,
		"query:a=b":     `sticky key "query:a=b" has no name that a query can have; use query:NAME`,
		"sni:x":         `sticky key "sni:x" is not known; use header:NAME, cookie:NAME, query:NAME, proxy-protocol or sni`,
		"header:\x00":   `sticky key "header:\x00" has no name that a header can have; use header:NAME`,
		"header:Host\n": `sticky key "header:Host\n" has no name that a header can have; use header:NAME`,
	} {
		_, err := cluster.NewPrimary(cluster.Settings{Exec: "x", StickyKey: key})
		if err == nil || err.Error() != "cluster: "+want {
			t.Errorf("%q: %v, want %s", key, err, want)
		}
		if check := key.Check(); check == nil || check.Error() != err.Error() {
			t.Errorf("%q: Check returns %v", key, check)
		}
	}
	_, err := cluster.NewPrimary(cluster.Settings{Exec: "x", StickyKey: cluster.StickySNI, SchedulingPolicy: cluster.SchedLeast})
	if err == nil || !strings.Contains(err.Error(), `use "sticky", or leave out the key "sni"`) {
		t.Errorf("a key under another policy: %v", err)
	}
}

// More than is looked at has no key, and comes to a worker all the same, whole.
func TestLongHeadOfAStickyKey(t *testing.T) {
	nodetest.NoLeaks(t)
	k := newKeyed(t, nodetest.Default(t), cluster.StickyHeader("Key"), 3)
	long := "GET / HTTP/1.1\r\nHost: x\r\nLong: " + string(bytes.Repeat([]byte("x"), 9<<10)) + "\r\nKey: %d\r\n\r\n"
	w := k.asks(t, 1, fmt.Sprintf(long, 0)).Worker
	for i := range 10 {
		answer := k.asks(t, 1, fmt.Sprintf(long, i))
		if answer.Worker != w || len(answer.Headers["long"]) != 9<<10 {
			t.Errorf("worker %d has a header of %d bytes; worker %d has had the client before", answer.Worker, len(answer.Headers["long"]), w)
		}
	}
}
