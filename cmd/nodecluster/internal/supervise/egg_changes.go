package supervise

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/metrics"
)

// Reload replaces the app workers, one after the other. The agent goes on.
func (s *eggService) Reload(ctx context.Context, r control.Reload) (control.Result, error) {
	switch {
	case r.Instance != nil:
		return control.Result{}, invalid("an Egg application is reloaded as a whole: leave the number out")
	case r.Parallel > 1 || r.Strategy != "" && r.Strategy != string(pool.ReloadRolling):
		return control.Result{}, invalid("the app workers of an Egg application are replaced one after the other: leave --parallel and --strategy out")
	case r.Config != nil:
		return control.Result{}, invalid("another configuration of an Egg application needs a new supervisor: stop it, and start it")
	}
	if err := s.beginChange(r.Wait); err != nil {
		return control.Result{}, err
	}
	defer s.changing.Unlock()
	begun := time.Now()
	s.log.Begin("reload", "reloading")
	replaced, err := s.current().ReloadAndWait(ctx)
	took := time.Since(begun)
	s.log.Reloaded(pool.Report{Replaced: replaced, Took: took}, err)
	return control.Result{Replaced: replaced, Took: took.Milliseconds()}, asError(err)
}

// beginChange has no other change go on, until changing is unlocked.
func (s *eggService) beginChange(wait bool) error {
	if wait {
		s.changing.Lock()
		return nil
	}
	if !s.changing.TryLock() {
		return &control.Error{Code: control.CodeBusy, Message: "another change is under way"}
	}
	return nil
}

// Restart ends the app workers and the agent in order, and starts them again.
func (s *eggService) Restart(ctx context.Context) (control.Result, error) {
	if err := s.beginChange(false); err != nil {
		return control.Result{}, err
	}
	defer s.changing.Unlock()
	begun := time.Now()
	s.log.Begin("restart", "restarting")
	s.history.begin("restart", begun)
	err := s.restart(ctx)
	s.history.end("restart", nil, err)
	s.log.Restarted(err)
	return control.Result{Took: time.Since(begun).Milliseconds()}, asError(err)
}

// errNotStarted is why a restart has failed, beside what the application's end says.
var errNotStarted = errors.New("the application ends")

func (s *eggService) restart(ctx context.Context) error {
	again := make(chan *eggRun, 1)
	s.mu.Lock()
	s.again = again
	before := s.run
	s.mu.Unlock()
	before.Stop("SIGTERM")
	var up <-chan struct{}
	for {
		select {
		case run := <-again:
			up = run.up
		case <-up:
			return nil
		case <-s.over:
			if s.err != nil {
				return s.err
			}
			return errNotStarted
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Scale fails: how many app workers there are is among the options that the agent and all app workers have.
func (s *eggService) Scale(context.Context, control.Scale) (control.Result, error) {
	return control.Result{}, invalid("an Egg application has as many app workers as it was started with: change instances in its file, and start that")
}

// Drain has the application not be ready any more, and waits until no connection is open if it is to.
func (s *eggService) Drain(ctx context.Context, d control.Drain) error {
	if !s.drains.Swap(true) {
		s.log.Begin("drain", "not ready any more: drain was asked for")
	}
	if !d.Wait {
		return nil
	}
	return awaitNoConnections(ctx, s.over, func() ([]int, error) {
		run := s.current()
		status, err := run.Status(ctx)
		if err != nil {
			return nil, err
		}
		return run.OpenConnections(ctx, workersOfEgg(status)...)
	})
}

// Signal sends a signal to the workers.
func (s *eggService) Signal(ctx context.Context, what control.Signal) error {
	status, err := s.current().Status(ctx)
	if err != nil {
		return asError(err)
	}
	workers := map[int]*cluster.Worker{}
	for _, p := range placesOf(status) {
		workers[p.Place] = p.Worker
	}
	return sendSignal(what, workers)
}

// Trigger fails: what an Egg application sends is Egg's messenger's.
func (s *eggService) Trigger(context.Context, control.Trigger) (control.Triggered, error) {
	return control.Triggered{}, &control.Error{Code: control.CodeUnknown, Message: "an Egg application has no actions of @pm2/io"}
}

// SendData fails too.
func (s *eggService) SendData(context.Context, control.Data) (control.Sent, error) {
	return control.Sent{}, invalid("the processes of an Egg application are sent messages by Egg's messenger alone: use its sendToApp and sendToAgent")
}

// Messages says that there are none to see.
func (s *eggService) Messages(context.Context) iter.Seq[control.Event] {
	return func(yield func(control.Event) bool) {
		yield(control.Event{
			Time: time.Now(), Level: "WARN", Name: "warning", Text: "the messages of an Egg application are those of Egg's messenger, and are not shown",
		})
	}
}

// Reset sets the counters to zero that ls shows.
func (s *eggService) Reset(context.Context) error {
	s.history.reset()
	return nil
}

// ReopenLogs opens the logs anew, which may have been moved.
func (s *eggService) ReopenLogs(context.Context) error { return s.options.reopenLogs() }

// FlushLogs empties the logs.
func (s *eggService) FlushLogs(context.Context) error { return s.options.flushLogs() }

// Metrics is what Prometheus asks.
func (s *eggService) Metrics() http.Handler { return s.options.metricsOf(s.App, noMetrics) }

// AppMetrics are none: the messages of the package prom-client would be Egg's messenger's.
func (s *eggService) AppMetrics() http.Handler { return metrics.OwnHandler(noMetrics) }

func noMetrics(context.Context) []byte { return nil }
