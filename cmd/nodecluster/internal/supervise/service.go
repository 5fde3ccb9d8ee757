package supervise

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/metrics"
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
		stops: make(chan struct{}, 1), ended: make(chan struct{}), sticky: stickyServer{routes.sticky, workers},
	}
	s.health.Pool = workers
	steps := workers.Progress(context.Background())
	lives := workers.Subscribe(cluster.ListeningEvent{}, cluster.ExitEvent{})
	s.running.Go(func() { s.history.follow(steps, workers) })
	s.running.Go(func() { s.followLives(lives) })
	if o.Pool.InstanceVar != "" {
		lives := workers.Subscribe(cluster.ListeningEvent{}, cluster.DisconnectEvent{}, cluster.ExitEvent{})
		s.running.Go(func() { routes.log4js.first.follow(workers, lives) })
	}
	return s
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

// drainPoll is how often Drain looks at what is open.
const drainPoll = 100 * time.Millisecond

var errNoLog = &control.Error{Code: control.CodeFailed, Message: "what its workers print is in no log: it passes through"}
