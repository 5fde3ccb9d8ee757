//go:build unix

package pool_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// drainedServers are an HTTP, an HTTPS and an HTTP/2 server that tell when they are closed. /unread does not read what it gets, /held
// answers when a message comes.
const drainedServers = `
const fs = require('fs');
const http = require('http');
const https = require('https');
const http2 = require('http2');

const { TLS_KEY, TLS_CERT } = process.env;
const files = { key: fs.readFileSync(TLS_KEY), cert: fs.readFileSync(TLS_CERT), allowHTTP1: true };

function answer(req, res) {
  if (req.url === '/held') {
    process.once('message', () => res.end('held'));
    process.send('holds');
  } else if (req.url === '/explicit') {
    res.writeHead(200, { connection: 'keep-alive', 'Content-Length': 1 });
    res.end('x');
  } else if (req.url === '/unread' || req.method === 'GET') {
    res.end('x');
  } else {
    let length = 0;
    req.on('data', (chunk) => { length += chunk.length; }).on('end', () => res.end(String(length)));
  }
}

const servers = [http.createServer(answer), https.createServer(files, answer), http2.createSecureServer(files, answer)];
servers.forEach((server, i) => server.listen(process.env.PORTS.split(' ')[i], '127.0.0.1'));
const watch = setInterval(() => {
  if (servers.every((server) => server.address())) {
    servers.seen = true;
  } else if (servers.seen && servers.every((server) => !server.address())) {
    clearInterval(watch);
    if (process.connected) process.send('closed');
  }
}, 1);
watch.unref();
`

// drained are workers with drainedServers.
type drained struct {
	*rig
	ports [3]int // of HTTP, HTTPS and HTTP/2
}

func startDrained(t *testing.T, node nodetest.Runtime, policy cluster.SchedulingPolicy, o pool.Options) *drained {
	t.Helper()
	ports := [3]int{clustertest.FreePort(t), clustertest.FreePort(t), clustertest.FreePort(t)}
	r := newRig(t, cluster.Settings{
		Exec: nodetest.Script(t, "drained.cjs", drainedServers), ExecPath: node.Path, SchedulingPolicy: policy,
		Env: []string{
			"PORTS=" + strings.Trim(fmt.Sprint(ports), "[]"), "TLS_KEY=" + clustertest.RealApp(t, "tls/key.pem"), "TLS_CERT=" + clustertest.RealApp(t, "tls/cert.pem"),
		},
	}, o)
	d := &drained{r, ports}
	for id := 1; id <= o.Instances; id++ {
		d.listens(t, id)
	}
	return d
}

func (d *drained) listens(t *testing.T, worker int) {
	t.Helper()
	for _, port := range d.ports {
		d.Listening(t, worker, port)
	}
}

func (d *drained) says(t *testing.T, worker int, what string) {
	t.Helper()
	d.Await(t, what, func(o clustertest.Occurrence) bool {
		return o.Event == "message" && o.Worker == worker && string(o.Message) == strconv.Quote(what)
	})
}

// leaves asks a worker to leave, and waits until its servers are closed.
func (d *drained) leaves(t *testing.T, worker int) *cluster.Worker {
	t.Helper()
	w := d.Worker(worker)
	w.Disconnect()
	d.says(t, worker, "closed")
	return w
}

// transports are how a client speaks HTTP/1 with drainedServers.
var transports = []struct {
	name string
	open func(d *drained) (net.Conn, error)
}{
	{"http", func(d *drained) (net.Conn, error) { return net.Dial("tcp", clustertest.Local(d.ports[0])) }},
	{"https", func(d *drained) (net.Conn, error) { return dialTLS(d.ports[1]) }},
	{"HTTP/1 of an http2 server", func(d *drained) (net.Conn, error) { return dialTLS(d.ports[2]) }},
}

func dialTLS(port int) (net.Conn, error) {
	return tls.Dial("tcp", clustertest.Local(port), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
}

// keptAlive is a connection of a client that sends nothing twice.
type keptAlive struct {
	net.Conn
	answers *bufio.Reader
	asked   time.Time // when the last request had begun to be sent
}

func keepAlive(conn net.Conn) *keptAlive {
	conn.SetDeadline(time.Now().Add(clustertest.Patience))
	return &keptAlive{Conn: conn, answers: bufio.NewReader(conn)}
}

// ask is a request, and the answer to it.
type ask struct {
	request []byte
	want    string
}

func newAsk(method, path string, body []byte, want string) ask {
	request, err := http.NewRequest(method, "http://localhost"+path, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	var text bytes.Buffer
	request.Write(&text)
	return ask{text.Bytes(), want}
}

// write sends a request, of which receive will take the answer.
func (c *keptAlive) write(a ask) error {
	_, err := c.Write(a.request)
	c.asked = time.Now()
	return err
}

// receive returns the next answer, and whether it is the last one.
func (c *keptAlive) receive() (text string, last bool, err error) {
	response, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		return "", false, err
	}
	body, err := io.ReadAll(response.Body)
	return string(body), response.Close, err
}

func (c *keptAlive) ask(path string) (text string, last bool, err error) {
	if err := c.write(newAsk("GET", path, nil, "")); err != nil {
		return "", false, err
	}
	return c.receive()
}

// A connection without a request is open when its worker has closed its servers, the request that was on its way is answered, and the
// client knows from the answer that it was the last one.
func TestDrainAnswersWhatWasOnItsWay(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		d := startDrained(t, node, cluster.SchedRR, pool.Options{Instances: 1})
		var kept []*keptAlive
		for _, transport := range transports {
			for _, path := range []string{"/", "/explicit"} {
				conn, err := transport.open(d)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				c := keepAlive(conn)
				if text, last, err := c.ask(path); text != "x" || last || err != nil {
					t.Fatalf("%s: before the worker leaves, the answer is %q, the last: %v, %v", transport.name, text, last, err)
				}
				kept = append(kept, c)
			}
		}
		w := d.leaves(t, 1)
		for i, c := range kept {
			transport, path := transports[i/2].name, []string{"/", "/explicit"}[i%2]
			if text, last, err := c.ask(path); text != "x" || !last || err != nil {
				t.Errorf("%s %s: the answer is %q, the last: %v, %v", transport, path, text, last, err)
			}
			if _, err := c.answers.ReadByte(); err != io.EOF {
				t.Errorf("%s %s: after the last answer there is %v", transport, path, err)
			}
			c.Close()
		}
		nodetest.Receive(t, w.Gone(), "end of the worker")
	})
}

// A connection that is encrypted only when its server is closed, and on which nothing comes then, keeps no worker.
func TestDrainEndsLateConnections(t *testing.T) {
	nodetest.NoLeaks(t)
	var leaving sync.WaitGroup
	for _, node := range nodetest.Nodes(t) {
		d := startDrained(t, node, cluster.SchedRR, pool.Options{Instances: 1, KillTimeout: clustertest.Patience})
		var raw []net.Conn
		for _, port := range d.ports[1:] {
			conn, err := net.Dial("tcp", clustertest.Local(port))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(clustertest.Patience))
			raw = append(raw, conn)
		}
		w := d.leaves(t, 1)
		for _, conn := range raw {
			client := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
			if err := client.Handshake(); err != nil {
				t.Fatal(err)
			}
		}
		leaving.Go(func() {
			select {
			case <-w.Gone():
			case <-time.After(clustertest.Patience):
				t.Errorf("with %s the worker does not end", node.Name)
			}
		})
	}
	leaving.Wait()
}

// Without the preload Node ends an idle connection at once, or answers on it as if there were more to come.
func TestNoDrainLeavesItToNode(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		d := startDrained(t, node, cluster.SchedRR, pool.Options{Instances: 1, NoDrain: true})
		conn, err := transports[0].open(d)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := keepAlive(conn)
		if _, _, err := c.ask("/"); err != nil {
			t.Fatal(err)
		}
		w := d.Worker(1)
		w.Disconnect()
		d.Await(t, "closed servers", func(o clustertest.Occurrence) bool {
			return string(o.Message) == `"closed"` || o.Event == "disconnect"
		})
		if text, last, err := c.ask("/"); err == nil && last {
			t.Errorf("the answer is %q, and the last", text)
		}
		conn.Close()
		nodetest.Receive(t, w.Gone(), "end of the worker")
	})
}

// relisten closes its server and listens again, at a request on a connection that stays.
const relisten = `
const server = require('http').createServer((req, res) => {
  if (req.url === '/again') {
    server.close();
    server.listen(process.env.PORT, () => res.end('x'));
  } else {
    res.end('x');
  }
});
server.listen(process.env.PORT);
`

// A server that is closed and listens again keeps its clients.
func TestDrainEndsWhenTheServerListensAgain(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		port := clustertest.FreePort(t)
		r := newRig(t, cluster.Settings{
			Exec: nodetest.Script(t, "relisten.cjs", relisten), ExecPath: node.Path, Env: []string{"PORT=" + strconv.Itoa(port)},
		}, pool.Options{Instances: 1})
		r.Listening(t, 1, port)
		conn, err := net.Dial("tcp", clustertest.Local(port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := keepAlive(conn)
		for _, path := range []string{"/", "/again", "/", "/"} {
			if text, last, err := c.ask(path); text != "x" || last || err != nil {
				t.Errorf("%s: the answer is %q, the last: %v, %v", path, text, last, err)
			}
		}
	})
}

// surroundings tells what the worker, a child of it and a thread of it have of the preload: NODE_OPTIONS, and whether it is active.
const surroundings = `
const has = "const { channel } = require('diagnostics_channel');" +
  "const found = [process.env.NODE_OPTIONS || '', channel('net.server.socket').hasSubscribers];";
const own = new Function('require', has + 'return found')(require);
const child = childProcess.spawnSync(process.execPath, ['-e', has + 'console.log(JSON.stringify(found))'], { encoding: 'utf8' });
new Worker(has + "require('worker_threads').parentPort.postMessage(found)", { eval: true })
  .on('message', (thread) => process.send([own, JSON.parse(child.stdout), thread], () => process.disconnect()));
`

func TestDrainIsTheWorkersAlone(t *testing.T) {
	nodetest.NoLeaks(t)
	imports := map[string]string{
		"program.cjs": "const childProcess = require('child_process'); const { Worker } = require('worker_threads');",
		"program.mjs": "import childProcess from 'child_process'; import { Worker } from 'worker_threads'; import { createRequire } from 'module';" +
			"const require = createRequire(import.meta.url);",
	}
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for name, head := range imports {
			for _, options := range []string{"", "--no-warnings"} {
				if nodetest.All() && (options == "") != (name == "program.cjs") {
					continue // one pair with each Node; the installed one has all
				}
				s := cluster.Settings{Exec: nodetest.Script(t, name, head+surroundings), ExecPath: node.Path}
				if options != "" {
					s.Env = []string{"NODE_OPTIONS=" + options}
				}
				r := newRig(t, s, pool.Options{Instances: 1})
				said := r.Event(t, "message", 1).Message
				want := fmt.Sprintf("[[%[1]q,true],[%[1]q,false],[%[1]q,false]]", options)
				if string(said) != want {
					t.Errorf("%s with NODE_OPTIONS=%s: worker, child and thread have %s, want %s", name, options, said, want)
				}
			}
		}
	})
}
