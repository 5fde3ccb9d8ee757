//go:build unix

package cluster_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// realOutput collects what workers print, for the log of a test that fails.
type realOutput struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *realOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *realOutput) logOnFailure(tb testing.TB) {
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
func (o *realOutput) expectServers(t *testing.T, n int) {
	t.Helper()
	if !clustertest.Eventually(func() bool { return o.count("listening on ") >= n }) {
		t.Fatalf("%d of %d servers are ready", o.count("listening on "), n)
	}
}

func (o *realOutput) count(said string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return bytes.Count(o.b.Bytes(), []byte(said))
}

// realProgram is a program that runs in workers under a primary of this process.
type realProgram struct {
	primary *cluster.Primary
	workers map[int]*cluster.Worker
	port    int
}

// realApp is the path of one of the sample programs.
func realApp(tb testing.TB, name string) string {
	tb.Helper()
	path, err := filepath.Abs(filepath.Join("..", "testdata", "apps", name))
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// realSettings are those to run a script with a runtime as one would on a command line.
func realSettings(tb testing.TB, r nodetest.Runtime, script string, output io.Writer) cluster.Settings {
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

// startReal runs a script in a number of workers, each of which has so many servers, and waits until all listen.
func startReal(t *testing.T, r nodetest.Runtime, script string, workers, servers int, env ...string) *realProgram {
	t.Helper()
	p := &realProgram{workers: map[int]*cluster.Worker{}, port: nodetest.FreePort(t)}
	var output realOutput
	output.logOnFailure(t)
	settings := realSettings(t, r, script, &output)
	settings.Env = append(append(settings.Env, "PORT="+strconv.Itoa(p.port)), env...)
	primary, err := cluster.NewPrimary(settings)
	if err != nil {
		t.Fatal(err)
	}
	p.primary = primary
	t.Cleanup(func() { primary.Close() })
	for range workers {
		w, err := primary.Fork()
		if err != nil {
			t.Fatal(err)
		}
		p.workers[w.ID()] = w
	}
	p.expectListening(t, workers*servers)
	output.expectServers(t, workers*servers)
	return p
}

// expectListening waits for so many 'listening' events. A worker that ends meanwhile fails the test.
func (p *realProgram) expectListening(t *testing.T, n int) {
	t.Helper()
	ctx := clustertest.Patient(t)
	for n > 0 {
		event, err := p.primary.Next(ctx)
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

// realIdentity is what the sample programs answer.
type realIdentity struct {
	Pid    int
	Worker int
}

// expectWorkers checks that all workers have answered, each as itself.
func (p *realProgram) expectWorkers(t *testing.T, answers []realIdentity) {
	t.Helper()
	seen := map[int]bool{}
	for _, a := range answers {
		w := p.workers[a.Worker]
		if w == nil || w.Pid() != a.Pid {
			t.Errorf("an answer of pid %d, worker %d, which is none of the primary's", a.Pid, a.Worker)
		}
		seen[a.Worker] = true
	}
	if len(seen) != len(p.workers) {
		t.Errorf("answers of %d workers, want %d: %v", len(seen), len(p.workers), answers)
	}
}

// expectOrderlyEnd disconnects all workers, which must then leave by themselves.
func (p *realProgram) expectOrderlyEnd(t *testing.T) {
	t.Helper()
	if err := p.primary.Disconnect(clustertest.Patient(t)); err != nil {
		t.Fatal(err)
	}
	for id, w := range p.workers {
		if status := w.ExitStatus(); status.Code != 0 {
			t.Errorf("worker %d ended with %v, want code 0", id, status)
		}
	}
}

func (p *realProgram) url(path string) string {
	return fmt.Sprintf("http://127.0.0.1:%d%s", p.port, path)
}

// realClient makes an HTTP client that dials with dial, and a new connection for each request if it is not to keep
// any alive.
func realClient(t *testing.T, keepAlive bool, dial func(context.Context) (net.Conn, error)) *http.Client {
	transport := &http.Transport{DisableKeepAlives: !keepAlive}
	if dial != nil {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: clustertest.Patience}
}

// identities asks who answers, n times.
func identities(t *testing.T, client *http.Client, url string, n int) (answers []realIdentity) {
	t.Helper()
	for range n {
		answer, _, err := identity(client, url)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	return answers
}

func identity(client *http.Client, url string) (answer realIdentity, response *http.Response, err error) {
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
