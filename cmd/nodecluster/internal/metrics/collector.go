package metrics

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/prometheus/client_golang/prometheus"
)

// What is counted from the start on, so that the first increase is one: a series that appears with a 1 has not increased.
var (
	reasons = []string{"exit", "signal", "memory", "lifetime", "connections", "startup", "liveness", "lag", "guard"}
	results = []string{"done", "failed"}
	states  = []control.State{control.Starting, control.Online, control.CrashLoop, control.Stopping, control.Stopped, control.Errored}
)

// precedence has the states of workers, the first one for that of two workers of a slot which is told of: the one that serves rather than the
// one that is to take over, or that leaves.
var precedence = []control.WorkerState{
	control.WorkerOnline, control.WorkerUnhealthy, control.WorkerBlocked, control.WorkerDraining, control.WorkerStarting, control.WorkerSpare,
	control.WorkerWaiting, control.WorkerStopped, control.WorkerErrored,
}

// collector tells of applications as they were at one moment.
type collector struct{ apps []control.App }

func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descriptions {
		to <- d
	}
	to <- buildInfo
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	gauge(to, buildInfo, 1, version(), runtime.Version())
	for i := range c.apps {
		app := &c.apps[i]
		s := series{to, []string{app.Name}}
		s.app(app)
		s.counted(app)
		if app.Supervisor == nil {
			continue
		}
		s.running(app)
		for _, w := range bySlot(app.Workers) {
			series{to, []string{app.Name, w.Place()}}.worker(w)
		}
	}
}

// version is that of the module, as Go has built it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// series writes metrics whose first labels are the same.
type series struct {
	to     chan<- prometheus.Metric
	labels []string
}

func (s series) gauge(d *prometheus.Desc, value float64, more ...string) {
	gauge(s.to, d, value, append(slices.Clone(s.labels), more...)...)
}

func (s series) counter(d *prometheus.Desc, value float64, more ...string) {
	send(s.to, d, prometheus.CounterValue, value, append(slices.Clone(s.labels), more...))
}

func gauge(to chan<- prometheus.Metric, d *prometheus.Desc, value float64, labels ...string) {
	send(to, d, prometheus.GaugeValue, value, labels)
}

func send(to chan<- prometheus.Metric, d *prometheus.Desc, kind prometheus.ValueType, value float64, labels []string) {
	for i, label := range labels {
		labels[i] = strings.ToValidUTF8(label, "\uFFFD") // such as a version that a package.json has
	}
	m, err := prometheus.NewConstMetric(d, kind, value, labels...)
	if err != nil {
		m = prometheus.NewInvalidMetric(d, err)
	}
	to <- m
}

// app tells what is known of every application, also of one that is down.
func (s series) app(app *control.App) {
	s.gauge(appUp, one(app.Ready > 0))
	s.gauge(appInfo, 1, app.Namespace, app.Version)
	for _, state := range states {
		s.gauge(appState, one(state == app.State), string(state))
	}
	s.gauge(appInstances, float64(app.Instances))
	in := map[control.WorkerState]int{}
	for _, w := range app.Workers {
		if w.Role == "" {
			in[w.State]++
		}
	}
	for _, state := range precedence {
		s.gauge(appWorkers, float64(in[state]), string(state))
	}
}

// counted tells what is counted. Counters of an application that is down stay at what they were, or at 0.
func (s series) counted(app *control.App) {
	each(app.RestartsBy, reasons, func(reason string, n int) { s.counter(appRestarts, float64(n), reason) })
	each(app.ReloadsBy, results, func(result string, n int) { s.counter(reloads, float64(n), result) })
	s.counter(logLines, float64(app.LoggedLines))
	s.counter(logLinesLost, float64(app.DroppedLines))
}

// each calls f for all counts, and for the known keys that are not among them.
func each(counts map[string]int, known []string, f func(key string, n int)) {
	for _, key := range known {
		f(key, counts[key])
	}
	for key, n := range counts {
		if !slices.Contains(known, key) {
			f(key, n)
		}
	}
}

// running tells what is known while the supervisor runs.
func (s series) running(app *control.App) {
	s.gauge(listenQueue, float64(app.Waiting))
	s.gauge(supervisorRSS, float64(app.Supervisor.Memory))
	s.gauge(supervisorTime, seconds(app.Supervisor.StartedAt))
}

// worker tells what a worker uses.
func (s series) worker(w *control.Worker) {
	if !w.StartedAt.IsZero() {
		s.gauge(workerTime, seconds(w.StartedAt))
	}
	s.counter(workerCPU, w.CPUSeconds)
	s.gauge(workerUtilization, w.Utilization)
	s.gauge(workerMemory, float64(w.Memory), "resident")
	if lag := w.Lag; lag != nil {
		const millisecond = 1e-3
		s.gauge(workerLag, lag.Last*millisecond)
		s.gauge(workerLagP50, lag.P50*millisecond)
		s.gauge(workerLagP99, lag.P99*millisecond)
	}
	if w.Connections >= 0 {
		s.gauge(workerConnections, float64(w.Connections))
	}
	for _, m := range w.Metrics {
		if m.Value != nil {
			s.gauge(workerMetric, *m.Value, m.Name, m.Unit)
		}
	}
	if w.Accepted > 0 { // else nobody may count them
		s.counter(connections, float64(w.Accepted))
	}
}

// bySlot gives of each slot the worker to tell of, if a process runs there.
func bySlot(workers []control.Worker) (bySlot []*control.Worker) {
	best := map[int]*control.Worker{}
	for i := range workers {
		w := &workers[i]
		if w.Pid != 0 && (best[w.Instance] == nil || compare(w, best[w.Instance]) < 0) {
			best[w.Instance] = w
		}
	}
	for _, w := range best {
		bySlot = append(bySlot, w)
	}
	slices.SortFunc(bySlot, func(a, b *control.Worker) int { return cmp.Compare(a.Instance, b.Instance) })
	return bySlot
}

// compare is below 0 where a is to be told of rather than b.
func compare(a, b *control.Worker) int {
	return cmp.Or(cmp.Compare(slices.Index(precedence, a.State), slices.Index(precedence, b.State)), cmp.Compare(b.ID, a.ID))
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1e3 }
