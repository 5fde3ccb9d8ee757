package supervise

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
)

// App is the application as it is now.
func (s *eggService) App(ctx context.Context) (control.App, error) {
	run := s.current()
	status, err := run.Status(ctx)
	if errors.Is(err, cluster.ErrClosed) && !s.stopping.Load() && s.isRestarting() {
		status, err = egg.Status{Phase: egg.PhaseStarting}, nil // between two masters
	}
	if err != nil {
		return control.App{}, asError(err)
	}
	uses := s.usage.read(ctx, run.OpenConnections, workersOfEgg(status), pidsOf(status.Agent)...)
	app := control.App{
		Name: s.options.Name, Namespace: s.options.Namespace, Supervisor: s.options.supervisor(uses, s.startedAt),
		Version: s.options.appVersion(), Instances: status.Workers + len(status.Beside), Waiting: run.Waiting(), Change: s.history.last(), Config: s.configuration(),
	}
	app.RestartsBy, app.ReloadsBy = s.history.counts()
	app.Restarts = app.RestartsBy["exit"] + app.RestartsBy["signal"]
	app.Workers = s.describe(status, uses)
	for _, w := range app.Workers {
		if w.Role == "" && w.State == control.WorkerOnline {
			app.Ready++
		}
	}
	app.Usage = sum(app.Workers)
	if s.options.Logs != nil {
		app.LogFile = s.options.LogFile
		app.LoggedLines, app.DroppedLines = s.options.Logs.Counts()
	}
	app.State, app.Reason = stateOfEgg(status, s.stopping.Load())
	app.Since = s.history.since(app.State, s.startedAt)
	return app, nil
}

func (s *eggService) isRestarting() bool {
	if s.changing.TryLock() {
		s.changing.Unlock()
		return false
	}
	return true
}

func (s *eggService) configuration() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// placesOf are those of the app workers, and of the programs beside them.
func placesOf(status egg.Status) []egg.PlaceStatus { return slices.Concat(status.Apps, status.Beside) }

func pidsOf(agent egg.AgentStatus) []int {
	if agent.Pid == 0 {
		return nil
	}
	return []int{agent.Pid}
}

func workersOfEgg(status egg.Status) (all []*cluster.Worker) {
	for _, p := range placesOf(status) {
		for _, w := range []*cluster.Worker{p.Worker, p.Successor} {
			if w != nil {
				all = append(all, w)
			}
		}
	}
	return append(all, status.Leaving...)
}

// stateOfEgg is the state of an application with such a master.
func stateOfEgg(status egg.Status, stopping bool) (control.State, string) {
	if stopping || status.Phase == egg.PhaseStopping {
		return control.Stopping, ""
	}
	ready, reason := 0, ""
	for _, a := range status.Apps {
		if a.Ready {
			ready++
		}
	}
	for _, p := range placesOf(status) {
		if p.Failures > 0 {
			reason = failuresOf(p)
		}
	}
	if status.Phase == egg.PhaseRunning && status.Agent.Pid == 0 {
		reason = "there is no agent; another one is started"
	}
	for _, p := range placesOf(status) {
		if p.Failures >= minLoop {
			return control.CrashLoop, failuresOf(p)
		}
	}
	if status.Phase == egg.PhaseRunning && !slices.ContainsFunc(status.Apps, hasFuture) {
		return control.Errored, "all app workers have ended, and have successors in production alone"
	}
	if status.Phase == egg.PhaseRunning && ready > 0 {
		return control.Online, reason
	}
	return control.Starting, reason
}

// hasFuture reports whether a place has an app worker, or is to have one.
func hasFuture(a egg.PlaceStatus) bool {
	return a.Worker != nil || a.Successor != nil || !a.RetryAt.IsZero()
}

func failuresOf(p egg.PlaceStatus) string {
	if p.Program != "" {
		return fmt.Sprintf("%s has failed %d times", p.Program, p.Failures)
	}
	return fmt.Sprintf("app worker %d has failed %d times in its start", p.Place, p.Failures)
}

// describe are the agent and the workers as they are now.
func (s *eggService) describe(status egg.Status, uses readings) (all []control.Worker) {
	if status.Phase != egg.PhaseStarting || status.Agent.Starts > 0 {
		all = append(all, s.agent(status.Agent, uses))
	}
	for _, p := range placesOf(status) {
		w := s.place(p, uses)
		if p.Ready && status.Address != "" {
			w.Addresses = []string{addressOf(status.Address)}
		}
		all = append(all, w)
		if p.Successor != nil {
			successor := control.Worker{Instance: p.Place, State: control.WorkerStarting, Reason: "it is to take over", Program: p.Program}
			s.describeProcess(&successor, p.Successor, uses)
			all = append(all, successor)
		}
	}
	return all
}

// addressOf is where an application serves, without the protocol.
func addressOf(url string) string {
	_, address, hasProtocol := strings.Cut(url, "://")
	if !hasProtocol {
		return url
	}
	return address
}

func (s *eggService) agent(a egg.AgentStatus, uses readings) control.Worker {
	w := control.Worker{
		Instance: egg.AgentPlace, Role: control.RoleAgent, Pid: a.Pid, State: control.WorkerStarting, StartedAt: a.StartedAt,
		Restarts: max(a.Starts-1, 0), Runtime: string(cluster.RuntimeNode),
	}
	w.Connections = -1
	switch {
	case a.Ready:
		w.State = control.WorkerOnline
	case a.Pid == 0:
		w.State, w.Reason = control.WorkerWaiting, "the last one has ended"
	}
	if a.Pid != 0 {
		w.Usage = uses.of(a.Pid)
	}
	return w
}

// place is the place of a worker.
func (s *eggService) place(p egg.PlaceStatus, uses readings) control.Worker {
	w := control.Worker{
		Instance: p.Place, State: control.WorkerStarting, StartedAt: p.StartedAt, RetryAt: p.RetryAt, Restarts: p.Restarts, Failures: p.Failures, Program: p.Program,
	}
	w.Connections = -1
	switch {
	case p.Ready:
		w.State = control.WorkerOnline
	case p.Worker == nil && p.RetryAt.IsZero() && p.Program != "": // it is not started before the application is ready
	case p.Worker == nil && p.RetryAt.IsZero():
		w.State = control.WorkerStopped
	case p.Worker == nil:
		w.State = control.WorkerWaiting
	}
	if p.Failures > 0 {
		w.Reason = failuresOf(p)
		if s.options.Logs != nil {
			w.Output = s.options.Logs.LastLines(p.Place)
		}
	}
	if p.Worker != nil {
		s.describeProcess(&w, p.Worker, uses)
	}
	return w
}

// describeProcess adds what is known of a process.
func (s *eggService) describeProcess(w *control.Worker, worker *cluster.Worker, uses readings) {
	w.Usage = uses.of(worker.Pid())
	w.ID, w.Pid, w.Runtime, w.Accepted = worker.ID(), worker.Pid(), string(worker.Runtime()), uint64(worker.Accepted())
	describeLag(w, worker)
}

// eggPatience is how long a master may take to say how it is: it waits for nothing itself.
const eggPatience = 1500 * time.Millisecond

// Live tells whether the master answers.
func (s *eggService) Live() error {
	_, err := s.status()
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the master does not answer")
	}
	return nil
}

func (s *eggService) status() (egg.Status, error) {
	ctx, cancel := context.WithTimeout(context.Background(), eggPatience)
	defer cancel()
	return s.current().Status(ctx)
}

// Ready tells why no clients are to be sent here, nil if they are.
func (s *eggService) Ready() error {
	if s.stopping.Load() || s.drains.Load() {
		return errors.New("it is to end")
	}
	status, err := s.status()
	if err != nil {
		return err
	}
	if state, _ := stateOfEgg(status, false); state == control.Starting || state == control.Stopping {
		return fmt.Errorf("it is %s", state)
	}
	for _, a := range status.Apps {
		if a.Ready {
			return nil
		}
	}
	return errors.New("no app worker serves")
}
