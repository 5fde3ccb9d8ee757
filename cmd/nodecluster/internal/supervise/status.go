package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

// App is the application as it is now.
func (s *service) App(ctx context.Context) (control.App, error) {
	instances, err := s.workers.Instances(ctx)
	if errors.Is(err, cluster.ErrClosed) {
		return control.App{}, asError(err)
	}
	uses := s.usage.read(ctx, s.workers.OpenConnections, workersOf(instances))
	app := control.App{
		Name: s.options.Name, Namespace: s.options.Namespace, Supervisor: s.options.supervisor(uses, s.startedAt), Version: s.options.appVersion(),
		Waiting: s.workers.Waiting(), Change: s.history.last(), Config: s.configuration(),
	}
	sizing := s.workers.Sizing()
	app.Instances, app.SizedBy = sizing.Instances, sizing.Reason
	app.RestartsBy, app.ReloadsBy = s.history.counts()
	app.Restarts = app.RestartsBy["exit"] + app.RestartsBy["signal"]
	for _, i := range instances {
		w := s.worker(i, uses)
		if i.State == pool.InstanceReady {
			app.Ready++
		}
		app.Workers = append(app.Workers, w)
		if i.Successor != nil {
			app.Workers = append(app.Workers, s.successor(i, uses))
		}
	}
	app.Usage = sum(app.Workers)
	if s.options.Logs != nil {
		app.LogFile = s.options.LogFile
		app.LoggedLines, app.DroppedLines = s.options.Logs.Counts()
	}
	app.State, app.Reason = stateOf(instances, s.stopping.Load())
	app.Since = s.history.since(app.State, s.startedAt)
	return app, nil
}

// supervisor is this process.
func (o *Options) supervisor(uses readings, startedAt time.Time) *control.Supervisor {
	m := uses.of(os.Getpid())
	return &control.Supervisor{
		Pid: os.Getpid(), Version: o.Version, StartedAt: startedAt, Memory: m.Memory, Foreground: o.Foreground,
	}
}

func (o *Options) appVersion() string {
	if o.AppVersion == nil {
		return ""
	}
	return o.AppVersion()
}

func (s *service) configuration() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// minLoop is how many failures in a row are a crash loop.
const minLoop = 3

// stateOf is the state of an application whose instances are these.
func stateOf(instances []pool.Instance, stopping bool) (control.State, string) {
	counts := map[pool.InstanceState]int{}
	var loop, failed *pool.Instance
	for n := range instances {
		i := &instances[n]
		counts[i.State]++
		if i.Failures >= minLoop {
			loop = i
		}
		if i.State == pool.InstanceFailed || i.State == pool.InstanceWaiting && i.Failures > 0 {
			failed = i
		}
	}
	switch all := len(instances); {
	case stopping:
		return control.Stopping, ""
	case counts[pool.InstanceFailed] == all:
		return control.Errored, reason(failed)
	case counts[pool.InstanceDone]+counts[pool.InstanceFailed] == all:
		return control.Stopped, reason(failed)
	case loop != nil:
		return control.CrashLoop, reason(loop)
	case counts[pool.InstanceReady] > 0:
		return control.Online, reason(failed)
	}
	return control.Starting, reason(failed)
}

func reason(i *pool.Instance) string {
	if i == nil || i.Err == nil {
		return ""
	}
	return eventlog.OneLine(i.Err)
}

// workerStates are what the states of instances are called.
var workerStates = map[pool.InstanceState]control.WorkerState{
	pool.InstanceStarting: control.WorkerStarting,
	pool.InstanceReady:    control.WorkerOnline,
	pool.InstanceUnready:  control.WorkerUnhealthy,
	pool.InstanceBlocked:  control.WorkerBlocked,
	pool.InstanceSpare:    control.WorkerSpare,
	pool.InstanceWaiting:  control.WorkerWaiting,
	pool.InstanceLeaving:  control.WorkerDraining,
	pool.InstanceDone:     control.WorkerStopped,
	pool.InstanceFailed:   control.WorkerErrored,
}

// worker is an instance as it is now.
func (s *service) worker(i pool.Instance, uses readings) control.Worker {
	w := control.Worker{
		Instance: i.Number, State: workerStates[i.State], Reason: reason(&i), StartedAt: i.StartedAt, RetryAt: i.RetryAt, Restarts: i.Restarts, Failures: i.Failures, Program: i.Exec,
	}
	for _, address := range i.Addresses {
		w.Addresses = append(w.Addresses, address.String())
	}
	if i.Failures > 0 && s.options.Logs != nil {
		w.Output = s.options.Logs.LastLines(i.Number)
	}
	w.Connections = -1
	if i.Worker != nil {
		w.Usage = uses.of(i.Worker.Pid())
		s.describeWorker(&w, i.Worker)
	}
	return w
}

// successor is the worker that is tried beside the one of an instance.
func (s *service) successor(i pool.Instance, uses readings) control.Worker {
	w := control.Worker{Instance: i.Number, State: control.WorkerStarting, Reason: "it is to take over", Program: i.Exec}
	w.Usage = uses.of(i.Successor.Pid())
	s.describeWorker(&w, i.Successor)
	return w
}

// describeWorker adds what is known of a process.
func (s *service) describeWorker(w *control.Worker, worker *cluster.Worker) {
	w.ID, w.Pid, w.Runtime = worker.ID(), worker.Pid(), string(worker.Runtime())
	w.Accepted = uint64(worker.Accepted())
	w.Metrics, w.Actions = s.routes.measured(worker)
	describeLag(w, worker)
}

func describeLag(w *control.Worker, worker *cluster.Worker) {
	if lag := worker.Lag(); lag != (cluster.Lag{}) {
		w.Lag = &control.Lag{Last: milliseconds(lag.Last), P50: milliseconds(lag.P50), P99: milliseconds(lag.P99)}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// sum is what all workers use.
func sum(workers []control.Worker) (all control.Usage) {
	all.Connections = -1
	for _, w := range workers {
		all.CPU += w.CPU
		all.CPUSeconds += w.CPUSeconds
		all.Memory += w.Memory
		all.Accepted += w.Accepted
		all.Utilization = max(all.Utilization, w.Utilization)
		if w.Lag != nil && (all.Lag == nil || w.Lag.P99 > all.Lag.P99) {
			all.Lag = w.Lag
		}
		if w.Connections >= 0 {
			all.Connections = max(all.Connections, 0) + w.Connections
		}
	}
	return all
}

// VersionOf is what the package.json nearest to a program says of its version, "" if none does.
func VersionOf(program string) string {
	for folder := filepath.Dir(program); ; folder = filepath.Dir(folder) {
		text, err := os.ReadFile(filepath.Join(folder, "package.json"))
		if err == nil {
			var about struct{ Version string }
			json.Unmarshal(text, &about)
			return about.Version
		}
		if folder == filepath.Dir(folder) || strings.HasSuffix(folder, "node_modules") {
			return ""
		}
	}
}
