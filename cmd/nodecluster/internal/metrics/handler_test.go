package metrics

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

var started = time.UnixMilli(1764000000500)

// twoApps are one that is reloaded, and one whose supervisor does not run.
func twoApps() []control.App {
	serves := control.Worker{
		Instance: 1, ID: 2, Pid: 10, State: control.WorkerOnline, StartedAt: started,
		Usage: control.Usage{
			CPU: 50, CPUSeconds: 12.5, Memory: 1 << 20, Utilization: 0.5, Lag: &control.Lag{Last: 2, P50: 1, P99: 30}, Connections: 7, Accepted: 99,
		},
		Metrics: []control.Metric{{Name: "Users online", Value: new(12.5)}, {Name: "Heap Usage", Value: new(80.0), Unit: "%"}, {Name: "Mood", Text: "good"}},
	}
	unknown := control.Worker{Instance: 0, ID: 1, Pid: 11, State: control.WorkerDraining, Usage: control.Usage{CPUSeconds: 3, Connections: -1}}
	return []control.App{
		{
			Name: "api", Namespace: "shop", State: control.Online, Version: "1.2.3\xff\"\n", Instances: 2, Ready: 1, Waiting: 4,
			Supervisor: &control.Supervisor{Pid: 9, StartedAt: started, Memory: 5 << 20},
			RestartsBy: map[string]int{"memory": 3, "new": 1}, ReloadsBy: map[string]int{"failed": 2}, LoggedLines: 1000, DroppedLines: 5,
			Workers: []control.Worker{
				{Instance: 1, ID: 3, Pid: 12, State: control.WorkerStarting, Usage: control.Usage{CPUSeconds: 0.1}}, serves, unknown,
				{Instance: 2, State: control.WorkerWaiting},
			},
		},
		{Name: "jobs", Namespace: "default", State: control.Errored, Instances: 1},
	}
}

func handlerFor(apps ...control.App) http.Handler {
	return Handler(func(context.Context) (all []App) {
		for _, app := range apps {
			all = append(all, App{App: app})
		}
		return all
	})
}

// scrape gives what a scraper reads, by the name of the metric.
func scrape(t *testing.T, h http.Handler) map[string]*dto.MetricFamily {
	t.Helper()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// seriesOf writes the series of one application, as Prometheus does, without the prefix of the names.
func seriesOf(families map[string]*dto.MetricFamily, app string) (lines []string) {
	for name, family := range families {
		for _, m := range family.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			if len(m.Label) > 0 && m.Label[0].GetName() == "app" && m.Label[0].GetValue() == app {
				value := m.GetGauge().GetValue() + m.GetCounter().GetValue()
				lines = append(lines, fmt.Sprintf("%s{%s} %v", strings.TrimPrefix(name, "nodecluster_"), strings.Join(labels[1:], ","), value))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// without leaves out what is 0.
func without(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return strings.HasSuffix(line, " 0") })
}

// What a scraper gets of an application: one worker a slot, the one that serves, and nothing of what is not known.
func TestSeries(t *testing.T) {
	want := []string{
		`app_info{namespace="shop",version="1.2.3�\"\n"} 1`,
		`app_instances{} 2`,
		`app_restarts_total{reason="memory"} 3`,
		`app_restarts_total{reason="new"} 1`,
		`app_state{state="online"} 1`,
		`app_up{} 1`,
		`app_workers{state="draining"} 1`,
		`app_workers{state="online"} 1`,
		`app_workers{state="starting"} 1`,
		`app_workers{state="waiting"} 1`,
		`connections_total{slot="1"} 99`,
		`listen_queue{} 4`,
		`log_lines_dropped_total{} 5`,
		`log_lines_total{} 1000`,
		`reloads_total{result="failed"} 2`,
		`supervisor_memory_bytes{} 5.24288e+06`,
		`supervisor_start_time_seconds{} 1.7640000005e+09`,
		`worker_connections{slot="1"} 7`,
		`worker_cpu_seconds_total{slot="0"} 3`,
		`worker_cpu_seconds_total{slot="1"} 12.5`,
		`worker_eventloop_lag_p50_seconds{slot="1"} 0.001`,
		`worker_eventloop_lag_p99_seconds{slot="1"} 0.03`,
		`worker_eventloop_lag_seconds{slot="1"} 0.002`,
		`worker_main_thread_utilization_ratio{slot="1"} 0.5`,
		`worker_memory_bytes{kind="resident",slot="1"} 1.048576e+06`,
		`worker_metric{name="Heap Usage",slot="1",unit="%"} 80`,
		`worker_metric{name="Users online",slot="1",unit=""} 12.5`,
		`worker_start_time_seconds{slot="1"} 1.7640000005e+09`,
	}
	if diff := cmp.Diff(want, without(seriesOf(scrape(t, handlerFor(twoApps()...)), "api"))); diff != "" {
		t.Error(diff)
	}
}

// An application that is down is still there, says so, and counts from 0 on.
func TestAppThatIsDown(t *testing.T) {
	lines := seriesOf(scrape(t, handlerFor(twoApps()...)), "jobs")
	for _, want := range []string{
		`app_up{} 0`, `app_state{state="errored"} 1`, `app_state{state="online"} 0`, `app_instances{} 1`, `app_workers{state="online"} 0`,
		`app_restarts_total{reason="exit"} 0`, `reloads_total{result="failed"} 0`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no %s in\n%s", want, strings.Join(lines, "\n"))
		}
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "worker_") || strings.HasPrefix(line, "supervisor_") {
			t.Errorf("nothing runs, and there is %s", line)
		}
	}
}

// The names are as Prometheus wants them, and none of them changes with a process.
func TestLint(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector{twoApps()})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if len(families) != len(descriptions)+1 {
		t.Errorf("%d metrics are told of, and %d are described", len(families), len(descriptions)+1)
	}
	for _, family := range families {
		for _, label := range family.Metric[0].Label {
			if slices.Contains([]string{"pid", "id", "instance", "job"}, label.GetName()) {
				t.Errorf("%s has the label %s", family.GetName(), label.GetName())
			}
		}
	}
}

// A scraper that asks for OpenMetrics gets it.
func TestOpenMetrics(t *testing.T) {
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	answer := httptest.NewRecorder()
	handlerFor(twoApps()...).ServeHTTP(answer, request)
	if kind := answer.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/openmetrics-text") {
		t.Errorf("the answer is %s", kind)
	}
	if !strings.HasSuffix(answer.Body.String(), "# EOF\n") {
		t.Errorf("the answer ends in %q", answer.Body.String()[max(0, answer.Body.Len()-80):])
	}
}

// Numbers that are none do not make the answer invalid, nor do two applications of one name that the rest is lost with silently.
func TestStrangeApps(t *testing.T) {
	app := twoApps()[0]
	app.Workers[1].CPUSeconds, app.Workers[1].Utilization = math.Inf(1), math.NaN()
	scrape(t, handlerFor(app))
	answer := httptest.NewRecorder()
	handlerFor(app, app).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusInternalServerError {
		t.Errorf("two applications of one name: status %d", answer.Code)
	}
}

// Scrapes that pile up are refused rather than kept.
func TestScrapesThatPileUp(t *testing.T) {
	began, goOn := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(Handler(func(context.Context) []App {
		began <- struct{}{}
		<-goOn
		return nil
	}))
	defer server.Close()
	statuses := make(chan int)
	for range maxScrapes {
		go func() {
			status, _ := get(t, server.URL)
			statuses <- status
		}()
		<-began
	}
	if status, text := get(t, server.URL); status != http.StatusServiceUnavailable {
		t.Errorf("one more: status %d: %s", status, text)
	}
	close(goOn)
	for range maxScrapes {
		if status := <-statuses; status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
}

// get gives the status and the text of an answer.
func get(t *testing.T, url string) (int, string) {
	answer, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	return answer.StatusCode, string(text)
}

func BenchmarkScrape(b *testing.B) {
	apps := twoApps()[:1]
	worker := apps[0].Workers[1]
	apps[0].Workers = nil
	for i := range 100 {
		worker.Instance = i
		apps[0].Workers = append(apps[0].Workers, worker)
	}
	h := handlerFor(apps...)
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
	}
}
