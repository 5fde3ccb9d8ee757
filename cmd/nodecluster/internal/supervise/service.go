package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/metrics"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/options"
)

// service is what the control socket asks of an application. It is a control.Service.
type service struct {
	options   *Options
	workers   *pool.Pool
	log       *eventlog.Log
	reread    *rereader
	routes    *appRoutes
	startedAt time.Time
	stops     chan struct{} // has something once the end is asked for
	stopping  atomic.Bool
	drains    atomic.Bool
	ended     chan struct{} // closed once the pool has ended
	history   history
	usage     usageMeter
	health    metrics.Health
	running   sync.WaitGroup
	servers   []answering
	sticky    stickyServer
	announcer *announcer // nil if no service manager listens

	mu     sync.Mutex
	config json.RawMessage
}

var _ control.Service = (*service)(nil)

func newService(o *Options, workers *pool.Pool, reread *rereader, routes *appRoutes) *service {
	s := &service{
		options: o, workers: workers, log: o.Log, reread: reread, routes: routes, config: o.Config, startedAt: time.Now(),
		stops: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	s.health.Pool = workers
	steps := workers.Progress(context.Background())
	lives := workers.Subscribe(cluster.ListeningEvent{}, cluster.ExitEvent{})
	s.running.Go(func() { s.history.follow(steps, workers) })
	s.running.Go(func() { s.followLives(lives) })
	return s
}

// follow has the route of log4js know the worker of the instance 0, until the pool is closed.
func (s *service) follow(l *log4js) {
	if s.options.Pool.InstanceVar == "" {
		return
	}
	lives := s.workers.Subscribe(cluster.ListeningEvent{}, cluster.DisconnectEvent{}, cluster.ExitEvent{})
	s.running.Go(func() { l.first.follow(s.workers, lives) })
}

// followLives takes what happens to workers, until the pool is closed. It has the moment be known in which the state has changed.
func (s *service) followLives(lives *cluster.Subscription) {
	ctx := context.Background()
	for event := range lives.Events(ctx) {
		if e, ok := event.(cluster.ExitEvent); ok {
			s.history.countExit(e)
		}
		if instances, err := s.workers.Instances(ctx); err == nil {
			state, _ := stateOf(instances, s.stopping.Load())
			s.history.since(state, s.startedAt)
		}
	}
}

// answering is a server that runs.
type answering interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}

// start has the control socket answered, and those who ask for metrics, and tells the service manager how the application is doing.
func (s *service) start() {
	if s.options.Control != nil {
		s.serve(control.NewServer(s, control.ServerOptions{Group: s.options.ControlGroup, Log: s.log.Logger()}), s.options.Control)
	}
	if s.options.Metrics != nil {
		s.serve(metrics.NewServer(s), s.options.Metrics)
	}
	if s.options.Sticky != nil {
		s.serve(s.sticky, s.options.Sticky)
	}
	s.announce()
}

func (s *service) serve(server answering, l net.Listener) {
	s.servers = append(s.servers, server)
	s.running.Go(func() {
		if err := server.Serve(l); err != nil {
			s.log.Error(nil, fmt.Errorf("%s is not answered any more: %w", l.Addr(), err))
		}
	})
}

// lastAnswers is how long the end of the program waits for answers that are being written.
const lastAnswers = time.Second

// close ends what start and newService have begun. The pool must be closed.
func (s *service) close() {
	close(s.ended)
	ctx, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	for _, server := range s.servers {
		server.Shutdown(ctx)
	}
	for _, l := range []net.Listener{s.options.Control, s.options.Metrics, s.options.Sticky} {
		if l != nil {
			l.Close()
		}
	}
	s.health.Wait()
	s.running.Wait()
}

func (s *service) Events(ctx context.Context) iter.Seq[control.Event] {
	return s.options.Events.from(ctx, s.ended)
}

// Reload replaces the workers, with another configuration if there is one.
func (s *service) Reload(ctx context.Context, r control.Reload) (control.Result, error) {
	o := s.options.Pool.Reload
	o.Wait, o.OtherAddresses = r.Wait, r.Config != nil
	if r.Parallel != 0 {
		o.Parallel = r.Parallel
	}
	if r.Strategy != "" {
		o.Strategy = pool.ReloadStrategy(r.Strategy)
	}
	var compiled Compiled
	if r.Config != nil {
		var err error
		if compiled, err = s.compile(r.Config); err != nil {
			return control.Result{}, err
		}
		o.Reread = compiled.Reread
	}
	begun := time.Now()
	s.log.Begin("reload", "reloading")
	report, err := s.reload(ctx, o, r.Instance)
	s.log.Reloaded(report, err)
	switch {
	case err != nil:
		s.history.failed("reload", begun, err)
	case r.Config != nil:
		err = s.adopt(ctx, r.Config, compiled)
	}
	return control.Result{Replaced: report.Replaced, Kept: report.Kept, Took: report.Took.Milliseconds()}, asError(err)
}

func (s *service) reload(ctx context.Context, o pool.ReloadOptions, instance *int) (pool.Report, error) {
	if instance != nil {
		return s.workers.ReloadOne(ctx, *instance, o)
	}
	return s.workers.Reload(ctx, o)
}

// compile finds out what another configuration means.
func (s *service) compile(config json.RawMessage) (Compiled, error) {
	if s.options.Compile == nil {
		return Compiled{}, &control.Error{Code: control.CodeInvalid, Message: "the configuration of this application cannot be changed: it is what the command line of run says"}
	}
	compiled, err := s.options.Compile(config)
	if err != nil {
		return Compiled{}, &control.Error{Code: control.CodeInvalid, Message: eventlog.OneLine(err)}
	}
	return compiled, nil
}

// adopt has another configuration be the application's, whose workers run by now.
func (s *service) adopt(ctx context.Context, config json.RawMessage, compiled Compiled) error {
	s.reread.set(compiled.Reread)
	if err := s.keep(config); err != nil {
		return err
	}
	if compiled.Instances == 0 {
		return nil
	}
	return s.workers.Scale(ctx, compiled.Instances)
}

// keep keeps another configuration, if there is a place for it, and shows it from now on.
func (s *service) keep(config json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.Save != nil {
		if err := s.options.Save(config); err != nil {
			return fmt.Errorf("it is done, but could not be kept: %w", err)
		}
	}
	s.config = config
	return nil
}

// keepInstances keeps how many workers there are to be.
func (s *service) keepInstances(n int) error {
	var fields map[string]any
	if err := json.Unmarshal(s.configuration(), &fields); err != nil {
		return nil // there is no configuration
	}
	fields["instances"] = strconv.Itoa(n)
	config, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return s.keep(config)
}

func (s *service) Restart(ctx context.Context) (control.Result, error) {
	begun := time.Now()
	s.log.Begin("restart", "restarting")
	err := s.workers.Restart(ctx)
	s.log.Restarted(err)
	return control.Result{Took: time.Since(begun).Milliseconds()}, asError(err)
}

func (s *service) Scale(ctx context.Context, to control.Scale) (control.Result, error) {
	begun := time.Now()
	n, err := s.parseScale(to.Instances)
	if err != nil {
		return control.Result{}, &control.Error{Code: control.CodeInvalid, Message: err.Error()}
	}
	s.log.Begin("scale", fmt.Sprintf("scaling to %d", n))
	err = s.workers.Scale(ctx, n)
	s.log.Scaled(n, err)
	if err == nil {
		err = s.keepInstances(n)
	}
	return control.Result{Instances: s.workers.Sizing().Instances, Took: time.Since(begun).Milliseconds()}, asError(err)
}

// parseScale is the number of workers that a scaling asks for.
func (s *service) parseScale(text string) (int, error) {
	if text == "max" || text == "auto" {
		return s.workers.Fitting().Instances, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, errors.New(`use a number of workers, "max", or how many more or less, such as +1 or -1`)
	}
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
		n += s.workers.Sizing().Instances
	}
	if n < 1 {
		return 0, fmt.Errorf("there would be %d workers: at least 1 has to be there; stop ends them all", n)
	}
	return n, nil
}

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

// drainPoll is how often Drain looks at what is open.
const drainPoll = 100 * time.Millisecond

// Drain has the application not be ready any more, and waits until no connection is open if it is to.
func (s *service) Drain(ctx context.Context, d control.Drain) error {
	if !s.drains.Swap(true) {
		s.log.Begin("drain", "not ready any more: drain was asked for")
	}
	if !d.Wait {
		return nil
	}
	for {
		open, err := s.workers.OpenConnections(ctx, s.workers.Workers()...)
		if err != nil || !slices.ContainsFunc(open, func(n int) bool { return n > 0 }) {
			return asError(err)
		}
		select {
		case <-time.After(drainPoll):
		case <-s.workers.Done():
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Signal sends a signal to the workers.
func (s *service) Signal(ctx context.Context, what control.Signal) error {
	signal, err := options.SignalNamed(what.Signal)
	if err != nil {
		return &control.Error{Code: control.CodeInvalid, Message: err.Error()}
	}
	instances, err := s.workers.Instances(ctx)
	if err != nil {
		return asError(err)
	}
	sent := 0
	for _, i := range instances {
		if i.Worker == nil || what.Instance != nil && *what.Instance != i.Number {
			continue
		}
		if process, err := os.FindProcess(i.Worker.Pid()); err == nil && process.Signal(signal) == nil {
			sent++
		}
	}
	if sent == 0 {
		return &control.Error{Code: control.CodeUnknown, Message: "there is no such worker to send a signal to"}
	}
	return nil
}

// Reset sets the counters to zero that ls shows.
func (s *service) Reset(context.Context) error {
	s.history.reset()
	return nil
}

// ReopenLogs opens the logs anew, which may have been moved.
func (s *service) ReopenLogs(context.Context) error {
	if s.options.Logs == nil {
		return errNoLog
	}
	return s.options.Logs.Reopen()
}

// FlushLogs empties the logs.
func (s *service) FlushLogs(context.Context) error {
	if s.options.Logs == nil {
		return errNoLog
	}
	return s.options.Logs.Flush()
}

var errNoLog = &control.Error{Code: control.CodeFailed, Message: "what its workers print is in no log: it passes through"}

// Metrics is what Prometheus asks.
func (s *service) Metrics() http.Handler {
	return metrics.Handler(func(ctx context.Context) []metrics.App {
		app, err := s.App(ctx)
		if err != nil {
			app = control.App{Name: s.options.Name, Namespace: s.options.Namespace, State: control.Stopped}
		}
		return []metrics.App{{App: app, Own: s.ownMetrics(ctx)}}
	})
}

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

// describeFailure says in a line why a change has failed, without what the worker printed.
func describeFailure(err error) string {
	if failed := (*pool.InstanceError)(nil); errors.As(err, &failed) {
		return fmt.Sprintf("instance %d: %s", failed.Instance, eventlog.OneLine(failed.Err))
	}
	return eventlog.OneLine(err)
}

// asError is an error as the control socket says it.
func asError(err error) error {
	var failed *pool.InstanceError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pool.ErrReloading):
		return &control.Error{Code: control.CodeBusy, Message: eventlog.OneLine(err)}
	case errors.Is(err, cluster.ErrClosed):
		return &control.Error{Code: control.CodeStopping, Message: "the application ends"}
	case errors.As(err, &failed):
		return &control.Error{Code: control.CodeFailed, Message: describeFailure(err), Output: failed.Output}
	}
	return &control.Error{Code: control.CodeFailed, Message: eventlog.OneLine(err)}
}
