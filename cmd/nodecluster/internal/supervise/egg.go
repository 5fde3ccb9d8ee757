package supervise

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nodecluster/nodecluster/cluster/egg"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/eventlog"
)

// EggOptions are what an application of Egg's is run with. Of Options it is all but Settings, Pool, Compile, Sticky and ListenFDs.
type EggOptions struct {
	Options
	// Program finds out what to run, at the start and at each restart. It completes settings that say where lines go, and may take some time.
	Program func(context.Context, egg.Settings) (*egg.Options, egg.Settings, error)
}

// eggService is an application of Egg's, with one master after another: a restart ends one and runs the next.
type eggService struct {
	options   *EggOptions
	log       *eventlog.Log
	servers   servers
	startedAt time.Time
	stops     chan struct{} // has something once the end is asked for
	stopping  atomic.Bool
	drains    atomic.Bool
	over      chan struct{} // closed once the last master has ended
	err       error         // why, once over is closed
	history   history
	usage     usageMeter
	deaths    eggDeaths
	announcer eggAnnouncer
	running   sync.WaitGroup
	changing  sync.Mutex // held by a reload and a restart

	mu     sync.Mutex
	run    *eggRun
	again  chan *eggRun // gets the run that a restart waits for, nil if nobody does
	config []byte
}

var _ kind = (*eggService)(nil)

// eggRun is a master from its beginning to its end.
type eggRun struct {
	*egg.Master
	up chan struct{} // closed once the application has started
}

// RunEgg runs an application of Egg's until signals or the control socket end it, or its master has given up. Its error is why it could not be
// run or kept running.
func RunEgg(o EggOptions) error {
	signals, release := catchSignals()
	defer release()
	if o.Logs != nil {
		notifyUSR2(signals.reopens)
	}
	s := &eggService{
		options: &o, log: o.Log, servers: servers{options: &o.Options}, startedAt: time.Now(), stops: make(chan struct{}, 1),
		over: make(chan struct{}), config: o.Config, announcer: eggAnnouncer{notifier: o.Notifier, log: o.Log},
	}
	defer s.close()
	first, err := s.newRun()
	if err != nil {
		close(s.over)
		return err
	}
	s.run = first
	s.running.Go(func() { s.runAll(first) })
	s.servers.start(s)
	s.announcer.begin(s)
	return untilEnd(s, signals, o.Watch)
}

// newRun makes a master of what is to be run by now.
func (s *eggService) newRun() (*eggRun, error) {
	run := &eggRun{up: make(chan struct{})}
	settings := egg.Settings{Observe: func(e egg.Event) { s.observe(run, e) }, LagPeriod: lagPeriod}
	if logs := s.options.Logs; logs != nil {
		settings.Outputs = logs.EggOutput
		settings.Log, settings.ErrorLog = eggLines{logs, false}, eggLines{logs, true}
		settings.Stdout, settings.Stderr = settings.Log, settings.ErrorLog
	}
	o, settings, err := s.options.Program(context.Background(), settings)
	if err != nil {
		return nil, err
	}
	run.Master, err = egg.New(o, settings)
	return run, err
}

// runAll runs one master after the other.
func (s *eggService) runAll(run *eggRun) {
	defer close(s.over)
	for run != nil {
		run = s.next(run.Run(context.Background()))
	}
}

// next is what follows a master that has ended: another one if a restart was asked for.
func (s *eggService) next(err error) *eggRun {
	s.mu.Lock()
	again := s.again
	s.again = nil
	s.mu.Unlock()
	if again == nil || s.stopping.Load() {
		s.err = s.explain(err)
		return nil
	}
	run, err := s.newRun()
	if err != nil {
		s.err = err
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping.Load() { // which has asked the master before to stop
		return nil
	}
	s.run = run
	again <- run
	return run
}

// explain says in a user's words why a master has given up.
func (s *eggService) explain(err error) error {
	exit := (*egg.ExitError)(nil)
	if !errors.As(err, &exit) {
		return err
	}
	if last := s.deaths.last(); last != "" {
		return fmt.Errorf("%s before the application had started", last)
	}
	return errors.New("the application could not be started; its log says why")
}

// current is the master that runs, or that runs next.
func (s *eggService) current() *eggRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run
}

func (s *eggService) ended() <-chan struct{}        { return s.over }
func (s *eggService) failure() error                { return s.err }
func (s *eggService) stopRequests() <-chan struct{} { return s.stops }
func (s *eggService) events() *eventlog.Log         { return s.log }

// shutDown has the processes end as Egg's own master has them. Their time is bounded, so that a further signal changes nothing, as under that.
func (s *eggService) shutDown(<-chan os.Signal) error {
	s.stopping.Store(true)
	s.announcer.stop()
	s.current().Stop("SIGTERM")
	<-s.over
	return s.err
}

// close ends what RunEgg has begun. The masters must have ended.
func (s *eggService) close() {
	s.servers.close()
	s.running.Wait()
}

// Stop asks for the end, and waits for it.
func (s *eggService) Stop(ctx context.Context) error {
	notify(s.stops)
	select {
	case <-s.over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *eggService) Events(ctx context.Context) iter.Seq[control.Event] {
	return s.options.Events.from(ctx, s.over)
}
