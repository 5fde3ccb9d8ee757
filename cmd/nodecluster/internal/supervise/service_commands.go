package supervise

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/metrics"
)

// Stop asks for the end, and waits for it.
func (s *service) Stop(ctx context.Context) error {
	notify(s.stops)
	select {
	case <-s.workers.Done():
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Drain has the application not be ready any more, and waits until no connection is open if it is to.
func (s *service) Drain(ctx context.Context, d control.Drain) error {
	if !s.drains.Swap(true) {
		s.log.Begin("drain", "not ready any more: drain was asked for")
	}
	if !d.Wait {
		return nil
	}
	return awaitNoConnections(ctx, s.workers.Done(), func() ([]int, error) { return s.workers.OpenConnections(ctx, s.workers.Workers()...) })
}

// awaitNoConnections counts again and again, until there is nothing open, or the application has ended.
func awaitNoConnections(ctx context.Context, ended <-chan struct{}, count func() ([]int, error)) error {
	for {
		open, err := count()
		if err != nil || !slices.ContainsFunc(open, func(n int) bool { return n > 0 }) {
			return asError(err)
		}
		select {
		case <-time.After(drainPoll):
		case <-ended:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Signal sends a signal to the workers.
func (s *service) Signal(ctx context.Context, what control.Signal) error {
	instances, err := s.workers.Instances(ctx)
	if err != nil {
		return asError(err)
	}
	workers := map[int]*cluster.Worker{}
	for _, i := range instances {
		workers[i.Number] = i.Worker
	}
	return sendSignal(what, workers)
}

// Reset sets the counters to zero that ls shows.
func (s *service) Reset(context.Context) error {
	s.history.reset()
	return nil
}

// ReopenLogs opens the logs anew, which may have been moved, and has workers know, as PM2 does.
func (s *service) ReopenLogs(context.Context) error {
	if err := s.options.reopenLogs(); err != nil {
		return err
	}
	s.tellLogReload()
	return nil
}

func (o *Options) reopenLogs() error {
	if o.Logs == nil {
		return errNoLog
	}
	return o.Logs.Reopen()
}

// FlushLogs empties the logs.
func (s *service) FlushLogs(context.Context) error {
	return s.options.flushLogs()
}

func (o *Options) flushLogs() error {
	if o.Logs == nil {
		return errNoLog
	}
	return o.Logs.Flush()
}

// Metrics is what Prometheus asks.
func (s *service) Metrics() http.Handler { return s.options.metricsOf(s.App, s.ownMetrics) }

// AppMetrics are those that the application measures itself.
func (s *service) AppMetrics() http.Handler { return metrics.OwnHandler(s.ownMetrics) }

// Live reports why the primary does not work, nil if it does.
func (s *service) Live() error {
	return s.health.Live()
}

// Ready reports why no clients are to be sent here, nil if they are.
func (s *service) Ready() error {
	if s.stopping.Load() || s.drains.Load() {
		return errors.New("it is to end")
	}
	return s.health.Ready()
}
