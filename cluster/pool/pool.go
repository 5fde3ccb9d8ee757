package pool

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/internal/drain"
	"github.com/nodecluster/nodecluster/cluster/pool/internal/limits"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// A Pool is a primary that keeps a number of workers running. Make one with [New], and end it with [Pool.Shutdown] and
// [Pool.Close]. Its methods may be called from any goroutine.
type Pool struct {
	primary   *cluster.Primary
	options   Options
	own       *cluster.Subscription // what happens to the workers
	sizing    atomic.Pointer[Sizing]
	scaled    atomic.Bool   // Scale was called
	preload   drain.Preload // of Node workers
	leaveTime atomic.Int64  // how long the last worker took to leave that had a successor, as a time.Duration; 0 before

	mu      sync.Mutex
	started bool
	stopped bool
	leaving chan struct{}      // closed by the second Shutdown; nil before the first
	hurried bool               // it is closed
	halt    context.CancelFunc // ends the supervision
	done    chan struct{}

	routers    []*Router                // of Options.Routes
	routing    sync.WaitGroup           // of the goroutine that routes messages
	unreadable map[*cluster.Worker]bool // of which it is told that they send what not every Node can read
	turns      turns
	endHearing func()        // of workers that send "ready"
	outboxes   *outboxes     // of what routes send
	asks       chan func()   // what the supervisor is to do
	changing   chan struct{} // whose one change is under way has put something there
	watchers   watchers

	// What follows is the supervisor's until done is closed.
	places   []*place
	spares   spares
	settings []cluster.Settings            // of the pool's own program, and then of Options.Programs
	change   *change                       // that is under way, nil if none is
	told     map[string]bool               // of what is told once, see tellOnce
	blocked  map[*cluster.Worker]*replacer // of those that are to be replaced while they are blocked
	works    bool                          // some worker has listened, or lived long enough
	endings  sync.WaitGroup                // of what is waited for: workers that leave
	err      error
}

// New makes a pool that has not started yet. Its settings are those of the workers, and of the primary as
// [cluster.NewPrimary] takes them. The caller must call [Pool.Close]. The pool sets HoldListeners of the settings unless
// Options.Restart is [RestartNever], and HoldWhenLeaving if it is [RestartAlways]: clients wait for a successor rather than being
// refused. It sets MaxLag as Options has it, and LagPeriod for Options.Autoscale.
//
// It fails where the options or the settings make no sense, with an error that names the field, or the system has no room for a
// primary.
func New(settings cluster.Settings, o Options) (*Pool, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	settings.HoldListeners = settings.HoldListeners || o.Restart != RestartNever
	settings.HoldWhenLeaving = settings.HoldWhenLeaving || o.Restart == RestartAlways
	settings.MaxLag = o.MaxLag
	if o.Autoscale.isOn() {
		setDefault(&settings.LagPeriod, readingPause)
	}
	var p *Pool
	if next := settings.OnMessage; hasRelays(o.Routes) {
		settings.OnMessage = func(w *cluster.Worker, m nodeipc.Message) cluster.Taking { return p.relay(w, m, next) }
	}
	primary, err := cluster.NewPrimary(settings)
	if err != nil {
		return nil, err
	}
	if err := o.checkPolicy(primary.SchedulingPolicy()); err != nil {
		primary.Close()
		return nil, err
	}
	p = &Pool{
		primary: primary, options: o, halt: func() {}, endHearing: func() {}, done: make(chan struct{}),
		asks: make(chan func()), changing: make(chan struct{}, 1), settings: []cluster.Settings{settings},
		blocked: map[*cluster.Worker]*replacer{}, outboxes: newOutboxes(primary),
		unreadable: map[*cluster.Worker]bool{}, turns: turns{postponed: map[*cluster.Worker]int{}},
	}
	for _, program := range o.Programs {
		p.settings = append(p.settings, program.Settings)
	}
	p.preload.KillTimeout = o.KillTimeout
	p.sizing.Store(o.size(p.settings, limits.Read()))
	p.own = primary.Subscribe(cluster.OnlineEvent{}, cluster.ListeningEvent{}, cluster.ListenErrorEvent{},
		cluster.ListenPendingEvent{}, cluster.DisconnectEvent{}, cluster.ExitEvent{}, cluster.BlockedEvent{}, cluster.UnblockedEvent{})
	p.startRouting()
	if o.Reload.WaitReady {
		p.endHearing = p.hearReady()
	}
	return p, nil
}

// Start forks the workers. Its error is why the first one that could not be forked could not; the pool must then be closed.
// A pool is started once: after Shutdown or Close it returns an error that matches [cluster.ErrClosed].
func (p *Pool) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stopped:
		return fmt.Errorf("pool: start: the pool is %w", cluster.ErrClosed)
	case p.started:
		return errors.New("pool: start: the pool was started before")
	}
	p.started = true
	for _, place := range p.newPlaces() {
		if err := p.fill(place); err != nil {
			p.err = err
			close(p.done)
			return err
		}
		p.places = append(p.places, place)
	}
	ctx, halt := context.WithCancel(context.Background())
	p.halt = halt
	go func() {
		defer halt()
		p.supervise(ctx)
	}()
	p.startControllers(ctx)
	return nil
}

// newPlaces makes a place for every worker that there is to be.
func (p *Pool) newPlaces() (places []*place) {
	for program, settings := range p.settings {
		n := p.Sizing().Instances
		if program > 0 {
			n = p.options.Programs[program-1].Instances
		}
		for range n {
			places = append(places, p.newPlace(len(places), program, settings))
		}
	}
	return places
}

func (p *Pool) newPlace(number, program int, settings cluster.Settings) *place {
	return &place{
		number: number, program: program, env: p.options.instanceEnv(number), settings: settings, next: alone,
	}
}

// Done is closed when no worker runs and none is to be started any more, or when the pool was shut down or closed, whether it was
// started or not. Err says why.
func (p *Pool) Done() <-chan struct{} { return p.done }

// Err is why the pool has ended, once Done is closed: nil when its workers had done their work or were shut down, else why
// it, or one of its places, was given up.
func (p *Pool) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Next waits for the next event of the pool's workers, as [cluster.Primary.Next] does. An [cluster.ErrorEvent] tells of a successor
// that could not be started, and of a place that is given up. A program need not take any events.
func (p *Pool) Next(ctx context.Context) (cluster.Event, error) { return p.primary.Next(ctx) }

// Events are all that Next gives until it fails, as [cluster.Primary.Events]: they end with [Pool.Close], and not when the
// workers have ended.
func (p *Pool) Events(ctx context.Context) iter.Seq[cluster.Event] { return p.primary.Events(ctx) }

// Subscribe adds a reader of events beside Next, as [cluster.Primary.Subscribe] does.
func (p *Pool) Subscribe(only ...cluster.Event) *cluster.Subscription {
	return p.primary.Subscribe(only...)
}

// Workers are the workers by age, as [cluster.Primary.Workers].
func (p *Pool) Workers() []*cluster.Worker { return p.primary.Workers() }

// Worker is the worker with this id among Workers, nil if there is none.
func (p *Pool) Worker(id int) *cluster.Worker { return p.primary.Worker(id) }

// Settings are those of the workers that Options.Programs does not name, as the pool was made with them.
func (p *Pool) Settings() cluster.Settings { return p.primary.Settings() }
