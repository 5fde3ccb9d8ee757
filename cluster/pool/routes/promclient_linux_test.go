package routes_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/clustertest"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/nodetest"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// spied is the route of prom-client, and what it was last told by each worker.
type spied struct {
	*routes.PromClient
	mu      sync.Mutex
	answers map[*cluster.Worker]registries
}

func (s *spied) Take(r *pool.Router, from *cluster.Worker, m nodeipc.Message) {
	var answer struct {
		Metrics []any `json:"metrics"`
	}
	if m.Decode(&answer) == nil {
		var all registries
		for _, registry := range answer.Metrics {
			text, _ := json.Marshal(forJSON(registry))
			all = append(all, text)
		}
		s.mu.Lock()
		s.answers[from] = all
		s.mu.Unlock()
	}
	s.PromClient.Take(r, from, m)
}

// forJSON is a value in which numbers that JSON has not are objects: promclient-aggregate.js makes them numbers again.
func forJSON(value any) any {
	switch v := value.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return map[string]any{"number": strings.Replace(fmt.Sprint(v), "Inf", "Infinity", 1)}
		}
	case []any:
		for i := range v {
			v[i] = forJSON(v[i])
		}
	case map[string]any:
		for name, field := range v {
			if _, isMissing := field.(structuredclone.Undefined); isMissing {
				delete(v, name)
				continue
			}
			v[name] = forJSON(field)
		}
	}
	return value
}

// told are the registries of workers.
func (s *spied) told(workers []*cluster.Worker) (all registries) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range workers {
		all = append(all, s.answers[w]...)
	}
	return all
}

// metricsPool is a pool of workers with prom-client.
type metricsPool struct {
	*pool.Pool
	*spied
	port   string
	events *cluster.Subscription
}

func startMetricsPool(t *testing.T, node nodetest.Runtime, serialization nodeipc.Serialization, script string, workers int) *metricsPool {
	t.Helper()
	nodetest.NoLeaks(t)
	p := &metricsPool{port: strconv.Itoa(clustertest.FreePort(t)), spied: &spied{
		PromClient: routes.NewPromClient(routes.PromClientOptions{Reserved: []string{"nodecluster_"}, Deadline: nodetest.Patience}),
		answers:    map[*cluster.Worker]registries{},
	}}
	var printed clustertest.RealOutput
	printed.LogOnFailure(t)
	var err error
	p.Pool, err = pool.New(cluster.Settings{
		ExecPath: node.Path, Exec: script, Serialization: serialization, Stdout: &printed, Stderr: &printed,
		Env: append(os.Environ(), "NODE_PATH="+nodetest.Libraries(t), "PORT="+p.port),
	}, pool.Options{Instances: workers, Restart: pool.RestartNever, Routes: []pool.Route{p.spied}})
	if err != nil {
		t.Fatal(err)
	}
	p.events = p.Subscribe(cluster.ListeningEvent{}, cluster.DisconnectEvent{})
	t.Cleanup(func() {
		p.Kill()
		p.Shutdown(context.Background())
		p.Pool.Close()
	})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	for range workers {
		p.await(t)
	}
	return p
}

// await waits for the next event.
func (p *metricsPool) await(t *testing.T) {
	t.Helper()
	if _, err := p.events.Next(clustertest.Patient(t)); err != nil {
		t.Fatal(err)
	}
}

// load sends requests, each over a connection of its own, and calls meanwhile until all are answered.
func (p *metricsPool) load(t *testing.T, requests int, meanwhile func()) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: nodetest.Patience}
	var left atomic.Int64
	left.Store(int64(requests))
	var loading sync.WaitGroup
	for range 8 {
		loading.Go(func() {
			for left.Add(-1) >= 0 {
				answer, err := client.Get("http://127.0.0.1:" + p.port)
				if err != nil {
					t.Error(err)
					return
				}
				answer.Body.Close()
			}
		})
	}
	for left.Load() > 0 && !t.Failed() {
		meanwhile()
	}
	loading.Wait()
}

// firstValue is that of the first series of a name.
func firstValue(m routes.PromMetrics, name string) float64 {
	for _, f := range m.Families {
		if i := slices.IndexFunc(f.Series, func(s routes.PromSeries) bool { return s.Name == name }); i >= 0 {
			return f.Series[i].Value
		}
	}
	return 0
}

// Under load every request is counted once, no counter falls, and all metrics are those that the package makes of the same answers.
func TestPromClientUnderLoad(t *testing.T) {
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		for _, serialization := range []nodeipc.Serialization{nodeipc.JSON, nodeipc.Advanced} {
			t.Run(string(serialization), func(t *testing.T) { testPromClientUnderLoad(t, node, serialization) })
		}
	})
}

func testPromClientUnderLoad(t *testing.T, node nodetest.Runtime, serialization nodeipc.Serialization) {
	const workers, requests = 3, 1000
	p := startMetricsPool(t, node, serialization, "testdata/promclient.js", workers)
	last, scrapes := 0.0, 0
	p.load(t, requests, func() {
		if now := firstValue(p.Collect(t.Context(), p.Workers()), "requests_total"); now < last {
			t.Errorf("the counter fell from %v to %v", last, now)
		} else {
			last = now
		}
		scrapes++
	})
	m := p.Collect(t.Context(), p.Workers())
	t.Logf("%d scrapes under load", scrapes)
	for _, name := range []string{"requests_total", "request_seconds_count", "request_bytes_count"} {
		if got := firstValue(m, name); got != requests {
			t.Errorf("%s is %v, want %d", name, got, requests)
		}
	}
	if m.Workers != workers || m.Late != 0 || m.LeftOut != workers || m.Reasons[0].Metric != "nodecluster_gauge" {
		t.Errorf("%d workers, %d of them late, left out: %v", m.Workers, m.Late, m.Reasons)
	}
	packages := aggregatedByPackage(t, node, []registries{p.told(p.Workers())})[0]
	before, after, _ := strings.Cut(packages, "# HELP nodecluster_gauge ")
	_, after, _ = strings.Cut(after, "\n\n")
	expectAsPackage(t, m, before+after)
}

// A worker that does not answer costs its deadline and none of its counts, and one that has gone costs nothing.
func TestPromClientStoppedWorker(t *testing.T) {
	p := startMetricsPool(t, nodetest.Default(t), nodeipc.JSON, "testdata/promclient.js", 3)
	p.load(t, 50, func() {})
	all := p.Collect(t.Context(), p.Workers())
	stopped := p.Workers()[1]
	if err := stopped.Kill(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.SetDeadline(200 * time.Millisecond)
	if m := p.Collect(t.Context(), p.Workers()); m.Workers != 3 || m.Late != 1 || firstValue(m, "requests_total") != firstValue(all, "requests_total") {
		t.Errorf("with a worker that is stopped: %d workers, %d late, %v requests", m.Workers, m.Late, firstValue(m, "requests_total"))
	}
	p.SetDeadline(nodetest.Patience)
	collected := make(chan routes.PromMetrics)
	go func() { collected <- p.Collect(t.Context(), p.Workers()) }()
	if err := stopped.Kill(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if m := nodetest.Receive(t, collected, "metrics of those that are left"); m.Workers != 2 || m.Late != 0 {
		t.Errorf("after its end: %d workers, %d late", m.Workers, m.Late)
	}
	if workers, size := p.Kept(); workers != 2 || size == 0 {
		t.Errorf("something is kept of %d workers: %d bytes", workers, size)
	}
}

// A worker without a registry is waited for once.
func TestPromClientWithoutRegistry(t *testing.T) {
	script := nodetest.Script(t, "mixed.js", `
		require('http').createServer().listen(Number(process.env.PORT), '127.0.0.1');
		if (require('cluster').worker.id === 2) new (require('prom-client').AggregatorRegistry)();`)
	p := startMetricsPool(t, nodetest.Default(t), nodeipc.JSON, script, 3)
	p.SetDeadline(300 * time.Millisecond)
	if m := p.Collect(t.Context(), p.Workers()); m.Workers != 1 || m.Late != 0 {
		t.Errorf("at first: %d workers, %d late", m.Workers, m.Late)
	}
	p.SetDeadline(nodetest.Patience)
	begun := time.Now()
	for range 10 {
		if m := p.Collect(t.Context(), p.Workers()); m.Workers != 1 || m.Late != 0 {
			t.Errorf("later: %d workers, %d late", m.Workers, m.Late)
		}
	}
	if took := time.Since(begun); took > nodetest.Patience {
		t.Errorf("those without a registry were waited for: %v", took)
	}
	if counts := p.Pool.Routes()[0]; counts.Name != "prom-client" || counts.Taken != 11 {
		t.Errorf("the counts are %+v", counts)
	}
}
