package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// server answers each path with the status that the path is, over http, https or HTTP/2 alone.
const server = `
	const fs = require('fs');
	const tls = process.env.CERTIFICATE && { key: fs.readFileSync(process.env.KEY), cert: fs.readFileSync(process.env.CERTIFICATE) };
	const answer = (request, response) => {
		if (request.url === '/hang') return;
		if (request.url === '/cut') { response.writeHead(200, { 'Content-Length': 100 }); response.write('x', () => (response.stream || request.socket).destroy()); return; }
		if (request.url === '/fields') {
			const { host, ':authority': authority, 'x-probe': probe, 'user-agent': agent } = request.headers;
			response.statusCode = (host || authority) === 'example.com' && probe === '1' && agent === 'nodecluster-probe' ? 200 : 500;
		} else {
			response.statusCode = Number(request.url.slice(1, 4));
		}
		if (response.statusCode === 302) response.setHeader('Location', '/500');
		response.end('x'.repeat(100000));
	};
	const servers = {
		http: () => require('http').createServer(answer),
		https: () => require('https').createServer(tls, answer),
		http2: () => require('http2').createSecureServer(tls, answer),
	};
	servers[process.env.KIND]().listen(Number(process.env.PORT), '127.0.0.1');`

// certificate writes a key, and a certificate that nobody trusts, and returns the variables that name the files.
func certificate(t *testing.T) []string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	var env []string
	for name, block := range map[string]*pem.Block{
		"KEY": {Type: "PRIVATE KEY", Bytes: private}, "CERTIFICATE": {Type: "CERTIFICATE", Bytes: cert},
	} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+path)
	}
	return env
}

// startServer starts a worker that serves, and returns it as a target.
func startServer(t *testing.T, node nodetest.Runtime, kind string, env ...string) (*clustertest.Rig, *cluster.Worker, Target) {
	t.Helper()
	port := clustertest.FreePort(t)
	r := clustertest.NewRig(t, cluster.Settings{
		Exec: nodetest.Script(t, "server.js", server), ExecPath: node.Path, Env: append(env, "KIND="+kind, fmt.Sprint("PORT=", port)),
		SchedulingPolicy: cluster.SchedReusePort,
	})
	w := r.MustFork()
	r.Listening(t, w.ID(), port)
	address := cluster.Address{Address: "127.0.0.1", Port: port, AddressType: "4", FD: -1}
	return r, w, Target{Dial: func(ctx context.Context) (net.Conn, error) { return w.Dial(ctx, address) }}
}

// expectCheck makes a check, and expects it to succeed for an empty text, and else to fail with that in the error.
func expectCheck(t *testing.T, c Checker, target Target, want string) {
	t.Helper()
	err := Probe{Check: c, Timeout: clustertest.Patience}.check(t.Context(), target)
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("%+v: %v, want %q", c, err, want)
	}
}

func TestHTTPGet(t *testing.T) {
	nodetest.NoLeaks(t)
	tls := certificate(t)
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		for _, kind := range []string{"http", "https", "http2"} {
			t.Run(kind, func(t *testing.T) {
				_, _, target := startServer(t, node, kind, tls...)
				https := kind != "http"
				for path, want := range map[string]string{
					"/200": "", "204": "", "/302?a=b": "", "/399": "", "/400": "status 400", "/404": "status 404", "/500": "status 500", "/503": "status 503",
					"/cut": "status 200, and then",
				} {
					expectCheck(t, HTTPGet{HTTPS: https, Path: path}, target, want)
				}
				fields := HTTPGet{HTTPS: https, Path: "/fields", Host: "example.com", Header: http.Header{"x-probe": {"1"}}}
				expectCheck(t, fields, target, "")
				err := Probe{Check: HTTPGet{HTTPS: https, Path: "/hang"}, Timeout: 50 * time.Millisecond}.check(t.Context(), target)
				if err == nil || err.Error() != "no answer within 50ms" {
					t.Errorf("a server that does not answer: %v", err)
				}
			})
		}
	})
}

// A worker that stands still is not healthy any more, and is again when it goes on.
func TestRunOnWorker(t *testing.T) {
	nodetest.NoLeaks(t)
	for _, check := range []Checker{HTTPGet{Path: "/200"}, TCPSocket{}} {
		r, w, target := startServer(t, nodetest.Default(t), "http")
		ctx, stop := context.WithCancel(clustertest.Patient(t))
		changes, ended := make(chan Result, 100), make(chan struct{})
		go func() {
			defer close(ended)
			p := Probe{Check: check, Period: 10 * time.Millisecond, Timeout: 200 * time.Millisecond, FailureThreshold: 1}
			p.Run(ctx, target, false, func(r Result) {
				if r.Changed {
					changes <- r
				}
			})
		}()
		awaitHealth(t, changes, true)
		clustertest.Stop(t, w)
		awaitHealth(t, changes, false)
		r.Kill(w.ID(), syscall.SIGCONT)
		awaitHealth(t, changes, true)
		r.Kill(w.ID(), syscall.SIGKILL)
		awaitHealth(t, changes, false)
		stop()
		nodetest.Receive(t, ended, "end of Run")
	}
}

// awaitHealth waits until a target is healthy, or is not. On a busy machine it may be something else before.
func awaitHealth(t *testing.T, changes <-chan Result, healthy bool) {
	t.Helper()
	for {
		c := nodetest.Receive(t, changes, fmt.Sprint("change to ", healthy))
		if (c.Err == nil) != c.Healthy {
			t.Errorf("%+v: an error comes with what is not healthy, and with nothing else", c)
		}
		if c.Healthy == healthy {
			return
		}
	}
}

func TestExec(t *testing.T) {
	nodetest.NoLeaks(t)
	target := Target{Env: []string{"NODECLUSTER_INSTANCE=3"}}
	shell := func(words string) Exec { return Exec{Command: []string{"/bin/sh", "-c", words}} }
	expectCheck(t, shell("true"), target, "")
	expectCheck(t, shell(`test "$NODECLUSTER_INSTANCE" = 3`), target, "")
	expectCheck(t, shell("exit 3"), target, "exit status 3")
	expectCheck(t, shell("echo no database >&2; exit 1"), target, `exit status 1: "no database"`)
	expectCheck(t, shell("yes | head -100000; echo the end; exit 1"), target, `the end"`)
	expectCheck(t, shell("sleep 5 & true"), target, "") // what it leaves is not waited for
	expectCheck(t, Exec{Command: []string{"/no/such/program"}}, target, "no such file")
}

// A command that takes too long is killed with all that it has started.
func TestExecEnds(t *testing.T) {
	nodetest.NoLeaks(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- Exec{Command: []string{"/bin/sh", "-c", `exec 9>"$FIFO"; sleep 60 & echo started >&9; wait`}}.Check(ctx, Target{Env: []string{"FIFO=" + fifo}})
	}()
	held, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, err := io.ReadFull(held, make([]byte, len("started\n"))); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := nodetest.Receive(t, ended, "end of the check"); err == nil {
		t.Error("a command that was killed is a success")
	}
	nodetest.Await(t, func() { io.Copy(io.Discard, held) }, "end of what the command has started")
}
