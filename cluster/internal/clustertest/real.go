//go:build unix

package clustertest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// RealOutput collects what workers print, for the log of a test that fails.
type RealOutput struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *RealOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *RealOutput) LogOnFailure(tb testing.TB) {
	tb.Cleanup(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if tb.Failed() && o.b.Len() > 0 {
			tb.Logf("the workers printed:\n%s", o.b.String())
		}
	})
}

// expectServers waits until so many servers have said that they are ready, which is later than that they listen: Fastify looks
// its address up in between, and dies if its server is closed meanwhile.
func (o *RealOutput) expectServers(t *testing.T, n int) {
	t.Helper()
	if !Eventually(func() bool { return o.count("listening on ") >= n }) {
		t.Fatalf("%d of %d servers are ready", o.count("listening on "), n)
	}
}

func (o *RealOutput) count(said string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Count(o.b.Bytes(), []byte(said))
}

// RealProgram is a program that runs in workers under a primary of this process.
type RealProgram struct {
	Primary *cluster.Primary
	Workers map[int]*cluster.Worker
	Port    int
}

// RealApp is the path of one of the sample programs.
func RealApp(tb testing.TB, name string) string {
	tb.Helper()
	path, err := filepath.Abs(filepath.Join(filepath.Dir(Script("")), "..", "..", "..", "testdata", "apps", name))
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// RealSettings are those to run a script with a runtime as one would on a command line.
func RealSettings(tb testing.TB, r nodetest.Runtime, script string, output io.Writer) cluster.Settings {
	tb.Helper()
	settings := cluster.Settings{
		Exec: script, ExecPath: r.Path, Stdout: output, Stderr: output,
		Env:              []string{"NODE_PATH=" + filepath.Join(nodetest.Apps(tb), "node_modules")},
		SchedulingPolicy: cluster.SchedRR,
	}
	if r.Name == "deno" {
		settings.ExecArgv = []string{"run", "--no-config", "--allow-all"}
	}
	return settings
}

// StartReal runs a script in a number of workers, each of which has so many servers, and waits until all listen.
func StartReal(t *testing.T, r nodetest.Runtime, script string, workers, servers int, env ...string) *RealProgram {
	t.Helper()
	p := &RealProgram{Workers: map[int]*cluster.Worker{}, Port: nodetest.FreePort(t)}
	var output RealOutput
	output.LogOnFailure(t)
	settings := RealSettings(t, r, script, &output)
	settings.Env = append(append(settings.Env, "PORT="+strconv.Itoa(p.Port)), env...)
	primary, err := cluster.NewPrimary(settings)
	if err != nil {
		t.Fatal(err)
	}
	p.Primary = primary
	t.Cleanup(func() { primary.Close() })
	for range workers {
		w, err := primary.Fork()
		if err != nil {
			t.Fatal(err)
		}
		p.Workers[w.ID()] = w
	}
	p.expectListening(t, workers*servers)
	output.expectServers(t, workers*servers)
	return p
}

// expectListening waits for so many 'listening' events. A worker that ends meanwhile fails the test.
func (p *RealProgram) expectListening(t *testing.T, n int) {
	t.Helper()
	ctx := Patient(t)
	for n > 0 {
		event, err := p.Primary.Next(ctx)
		if err != nil {
			t.Fatalf("%d servers do not listen: %v", n, err)
		}
		switch e := event.(type) {
		case cluster.ListeningEvent:
			n--
		case cluster.ErrorEvent:
			t.Fatal(e.Err)
		case cluster.ExitEvent:
			t.Fatalf("worker %d ended with %v", e.Worker.ID(), e.Status)
		}
	}
}

// RealIdentity is what the sample programs answer.
type RealIdentity struct {
	Pid    int
	Worker int
}

// ExpectWorkers checks that all workers have answered, each as itself.
func (p *RealProgram) ExpectWorkers(t *testing.T, answers []RealIdentity) {
	t.Helper()
	seen := map[int]bool{}
	for _, a := range answers {
		w := p.Workers[a.Worker]
		if w == nil || w.Pid() != a.Pid {
			t.Errorf("an answer of pid %d, worker %d, which is none of the primary's", a.Pid, a.Worker)
		}
		seen[a.Worker] = true
	}
	if len(seen) != len(p.Workers) {
		t.Errorf("answers of %d workers, want %d: %v", len(seen), len(p.Workers), answers)
	}
}

// ExpectOrderlyEnd disconnects all workers, which must then leave by themselves.
func (p *RealProgram) ExpectOrderlyEnd(t *testing.T) {
	t.Helper()
	if err := p.Primary.Disconnect(Patient(t)); err != nil {
		t.Fatal(err)
	}
	for id, w := range p.Workers {
		if status := w.ExitStatus(); status.Code != 0 {
			t.Errorf("worker %d ended with %v, want code 0", id, status)
		}
	}
}

func (p *RealProgram) URL(path string) string {
	return fmt.Sprintf("http://127.0.0.1:%d%s", p.Port, path)
}

// RealClient makes an HTTP client that dials with dial, and a new connection for each request if it is not to keep
// any alive.
func RealClient(t *testing.T, keepAlive bool, dial func(context.Context) (net.Conn, error)) *http.Client {
	transport := &http.Transport{DisableKeepAlives: !keepAlive}
	if dial != nil {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: Patience}
}

// Identities asks who answers, n times.
func Identities(t *testing.T, client *http.Client, url string, n int) (answers []RealIdentity) {
	t.Helper()
	for range n {
		answer, _, err := Identity(client, url)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	return answers
}

func Identity(client *http.Client, url string) (answer RealIdentity, response *http.Response, err error) {
	response, err = client.Get(url)
	if err != nil {
		return answer, nil, err
	}
	err = json.NewDecoder(response.Body).Decode(&answer)
	if _, rest := io.Copy(io.Discard, response.Body); rest != nil {
		err = errors.Join(err, rest)
	}
	return answer, response, errors.Join(err, response.Body.Close())
}

// Join forks one more worker and waits until it listens.
func (p *RealProgram) Join(t *testing.T) {
	t.Helper()
	w, err := p.Primary.Fork()
	if err != nil {
		t.Error(err)
		return
	}
	p.Workers[w.ID()] = w
	for ctx := Patient(t); w.State() != cluster.StateListening; {
		if _, err := p.Primary.Next(ctx); err != nil {
			t.Errorf("worker %d does not listen: %v", w.ID(), err)
			return
		}
	}
}

func (p *RealProgram) ExpectDisconnected(t *testing.T, n int) {
	t.Helper()
	for ctx := Patient(t); n > 0; {
		event, err := p.Primary.Next(ctx)
		if err != nil {
			t.Fatalf("%d workers do not disconnect: %v", n, err)
		}
		if _, ok := event.(cluster.DisconnectEvent); ok {
			n--
		}
	}
}

// TLSClient makes a client that remembers its sessions, but keeps no connection.
func TLSClient(t *testing.T, version uint16) *http.Client {
	t.Helper()
	certificate, err := os.ReadFile(RealApp(t, filepath.Join("tls", "cert.pem")))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificate) {
		t.Fatal("no certificate in cert.pem")
	}
	client := RealClient(t, false, nil)
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{
		RootCAs: roots, MinVersion: version, MaxVersion: version,
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
	}
	return client
}
