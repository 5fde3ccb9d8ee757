package metrics

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
)

// spinner answers, until it is asked to spin: then nothing of it moves any more.
const spinner = `
	require('http').createServer((request, response) => {
		response.end('answered', () => { if (request.url === '/spin') for (;;); });
	}).listen(Number(process.env.PORT), '127.0.0.1');`

// rig is a pool of workers that can be made to spin, and the server that tells of it.
type rig struct {
	t    *testing.T
	pool *pool.Pool
	port int
	Health
	url string
}

func (r *rig) Metrics() http.Handler {
	return Handler(func(context.Context) []App {
		return []App{{App: control.App{Name: "api", State: control.Online, Ready: len(r.pool.Workers())}}}
	})
}

const lagPeriod = 50 * time.Millisecond

func newRig(t *testing.T, node nodetest.Runtime, workers int) *rig {
	nodetest.NoLeaks(t)
	port := nodetest.FreePort(t)
	p, err := pool.New(cluster.Settings{
		ExecPath: node.Path, Exec: nodetest.Script(t, "spinner.js", spinner), Env: []string{fmt.Sprintf("PORT=%d", port)}, LagPeriod: lagPeriod,
	}, pool.Options{Instances: workers, KillTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, pool: p, port: port, Health: Health{Pool: p, ReadyLag: 2 * lagPeriod}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.url = "http://" + l.Addr().String()
	server, served := NewServer(r), make(chan error)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		p.Kill()
		p.Shutdown(context.Background())
		p.Close()
		r.Wait()
		http.DefaultClient.CloseIdleConnections()
		if err := server.Shutdown(nodetest.Context(t)); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return r
}

// expect asks a path, and compares status and text.
func (r *rig) expect(path string, status int, text string) {
	r.t.Helper()
	if gotStatus, got := get(r.t, r.url+path); gotStatus != status || !strings.Contains(got, text) {
		r.t.Errorf("%s: status %d: %.300q, want %d: %q", path, gotStatus, got, status, text)
	}
}

// awaitListening starts the pool, and waits until all workers listen.
func (r *rig) awaitListening(n int) {
	r.t.Helper()
	events := r.pool.Subscribe(cluster.ListeningEvent{})
	defer events.Close()
	if err := r.pool.Start(); err != nil {
		r.t.Fatal(err)
	}
	for range n {
		if _, err := events.Next(nodetest.Context(r.t)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// spin has a worker that does not yet spin do so.
func (r *rig) spin() {
	r.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: nodetest.Patience}
	answer, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/spin", r.port))
	if err != nil {
		r.t.Fatal(err)
	}
	answer.Body.Close()
}

// spinning are the workers whose loops have not moved for as long as one may not that counts as ready.
func (r *rig) spinning() int {
	return len(slices.DeleteFunc(r.pool.Workers(), func(w *cluster.Worker) bool { return w.BlockedFor() < r.ReadyLag }))
}

// awaitSpinning waits until so many workers have been seen to stand still. Each look asks the primary.
func (r *rig) awaitSpinning(n int) {
	r.t.Helper()
	for ctx := nodetest.Context(r.t); r.spinning() != n; {
		if ctx.Err() != nil {
			r.t.Fatalf("%d workers stand still, want %d", r.spinning(), n)
		}
		time.Sleep(lagPeriod)
	}
}

// While every event loop spins, the probes and the metrics are answered at once: the primary lives, and nobody is ready.
func TestProbesWhileEveryLoopSpins(t *testing.T) {
	const workers = 2
	nodetest.OldestAndNewest(t, func(t *testing.T, node nodetest.Runtime) {
		r := newRig(t, node, workers)
		r.expect("/livez", http.StatusOK, "ok")
		r.expect("/readyz", http.StatusServiceUnavailable, "no worker listens")
		r.awaitListening(workers)
		r.expect("/readyz", http.StatusOK, "ok")
		r.spin()
		r.awaitSpinning(1)
		r.expect("/readyz", http.StatusOK, "ok")
		r.spin()
		r.awaitSpinning(workers)
		began := time.Now()
		const times = 20
		for range times {
			r.expect("/livez", http.StatusOK, "ok")
			r.expect("/readyz", http.StatusServiceUnavailable, "no event loop of a worker has moved for 100ms")
			r.expect("/metrics", http.StatusOK, `nodecluster_app_up{app="api"} 1`)
		}
		t.Logf("%d answers in %v, with %d loops that spin", 3*times, time.Since(began), workers)
		r.pool.Kill()
		r.pool.Shutdown(t.Context())
		r.expect("/readyz", http.StatusServiceUnavailable, "no worker listens")
		r.expect("/livez", http.StatusOK, "ok")
	})
}

// A question that nobody answers is asked once, and those who ask are told in time.
func TestLoopThatStandsStill(t *testing.T) {
	nodetest.NoLeaks(t)
	var q question
	asked, release := make(chan struct{}, 10), make(chan struct{})
	stuck := func() error { asked <- struct{}{}; <-release; return nil }
	const askers = 3
	errs := make(chan error)
	for range askers {
		go func() {
			_, err := q.ask(stuck)
			errs <- err
		}()
	}
	for range askers {
		if err := <-errs; err == nil || !strings.Contains(err.Error(), "there is no answer since") {
			t.Errorf("a question without an answer: %v", err)
		}
	}
	if len(asked) != 1 {
		t.Errorf("it was asked %d times", len(asked))
	}
	close(release)
	q.running.Wait()
	if answer, err := q.ask(func() error { return net.ErrClosed }); answer != net.ErrClosed || err != nil {
		t.Errorf("the next question: %v, %v", answer, err)
	}
}

// What is no question is refused, and a client that sends nothing keeps nobody from an answer.
func TestStrangeRequests(t *testing.T) {
	r := newRig(t, nodetest.Default(t), 1)
	silent, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	r.expect("/livez", http.StatusOK, "ok")
	r.expect("/", http.StatusNotFound, "")
	for method, status := range map[string]int{http.MethodHead: http.StatusOK, http.MethodPost: http.StatusMethodNotAllowed} {
		request, err := http.NewRequest(method, r.url+"/livez", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != status {
			t.Errorf("%s: status %d, want %d", method, answer.StatusCode, status)
		}
	}
	header := http.Header{"X": {strings.Repeat("x", 64<<10)}}
	request := &http.Request{Method: http.MethodGet, URL: mustParse(t, r.url+"/livez"), Header: header}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("64 KiB of headers: status %d", answer.StatusCode)
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
