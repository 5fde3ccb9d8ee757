package supervise

import (
	"context"
	"encoding/json"
	"iter"
	"os"
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
	closed    chan struct{} // closed once the pool has ended
	history   history
	usage     usageMeter
	health    metrics.Health
	running   sync.WaitGroup
	servers   servers
	follower  *follower
	sticky    stickyServer
	announcer *announcer // nil if no service manager listens

	mu     sync.Mutex
	config json.RawMessage
}

var _ kind = (*service)(nil)

func newService(o *Options, workers *pool.Pool, reread *rereader, routes *appRoutes) *service {
	s := &service{
		options: o, workers: workers, log: o.Log, reread: reread, routes: routes, config: o.Config, startedAt: time.Now(),
		stops: make(chan struct{}, 1), closed: make(chan struct{}), servers: servers{options: o}, sticky: stickyServer{routes.sticky, workers},
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

// begin starts the workers, has those answered who ask for the application, and tells the service manager how it is doing.
func (s *service) begin() error {
	if err := s.workers.Start(); err != nil {
		return startError(err, s.workers.Settings())
	}
	s.servers.start(s)
	if s.options.Sticky != nil {
		s.servers.serve(s.sticky, s.options.Sticky)
	}
	s.announce()
	return nil
}

func (s *service) ended() <-chan struct{}        { return s.workers.Done() }
func (s *service) failure() error                { return s.workers.Err() }
func (s *service) stopRequests() <-chan struct{} { return s.stops }
func (s *service) events() *eventlog.Log         { return s.log }

func (s *service) shutDown(signals <-chan os.Signal) error {
	s.follower.stopping.Store(true)
	s.stopping.Store(true)
	s.announcer.stop()
	return shutDown(s.workers, signals, s.options.Pool.LameDuck)
}

// lastAnswers is how long the end of the program waits for answers that are being written.
const lastAnswers = time.Second

// close ends what begin and newService have begun. The pool must be closed.
func (s *service) close() {
	close(s.closed)
	s.servers.close()
	s.health.Wait()
	s.running.Wait()
}

func (s *service) Events(ctx context.Context) iter.Seq[control.Event] {
	return s.options.Events.from(ctx, s.closed)
}

// drainPoll is how often Drain looks at what is open.
const drainPoll = 100 * time.Millisecond

var errNoLog = &control.Error{Code: control.CodeFailed, Message: "what its workers print is in no log: it passes through"}
