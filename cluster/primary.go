package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/bind"
	"github.com/nodecluster/nodecluster/cluster/internal/firstbytes"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// A Primary is the primary of a cluster: it forks workers, owns the sockets that they listen on, and hands them
// their connections. Make one with [NewPrimary]. Its methods may be called from any goroutine.
//
// A [Balancer] is called on the primary's loop. It may call the methods of the primary and of its workers that return at
// once. Fork, ForkWith, ForkSuccessor, Disconnect, Close, Shutdown and a worker's Shutdown would wait for the loop, which waits for the
// Balancer, so that they panic there; so do Next and Events where no event is there yet. Start a goroutine for them.
type Primary struct {
	loop   *eventloop.Loop
	forker *forker
	events *eventStream
	policy SchedulingPolicy
	find   firstbytes.Finder // of the sticky key, or nil
	begun  time.Time
	steals bool // connections from the queues of busy workers, under SchedReusePort

	executables executables

	customBalancer func(Address) Balancer                // the program's own, or nil
	onMessage      func(*Worker, nodeipc.Message) Taking // likewise

	mu        sync.Mutex
	settings  Settings
	lastID    int
	closing   bool
	forking   sync.WaitGroup
	inspected int // how many inspector ports were counted up
	running   map[*Worker]struct{}

	onLoop primaryOnLoop
}

// NewPrimary makes a primary without workers, as Node's cluster.setupPrimary does. The caller must call
// [Primary.Close]. It fails if the settings make no sense, if the system has no descriptors left, and with an error that
// matches [errors.ErrUnsupported] on a system without primaries.
func NewPrimary(settings Settings) (*Primary, error) {
	policy, err := settings.schedulingPolicy()
	if err != nil {
		return nil, err
	}
	find, err := settings.StickyKey.finder()
	if err != nil {
		return nil, err
	}
	if err := settings.check(); err != nil {
		return nil, err
	}
	openTimers()
	newLoop := eventloop.New
	if settings.batches(policy) {
		newLoop = eventloop.NewBatch
	}
	loop, err := newLoop()
	if err != nil {
		return nil, err
	}
	p := &Primary{
		loop: loop, forker: newForker(), policy: policy, find: find, settings: settings,
		begun: time.Now(), steals: !settings.NoSteal, customBalancer: settings.NewBalancer, onMessage: settings.OnMessage,
		running: map[*Worker]struct{}{}, onLoop: newPrimaryOnLoop(loop),
	}
	p.onLoop.lag = newLagMeter(p)
	p.loop.Post(func() { p.onLoop.lag.set(settings.LagPeriod, settings.MaxLag) })
	p.events = newEventStream(func() { p.mustNotWait("Next of the events") })
	p.events.emit(SetupEvent{settings})
	return p, nil
}

// openTimers makes the Go runtime open the descriptors that it needs for the first timer. Without descriptors it ends the process, and
// the primary needs a timer just when there are none.
func openTimers() { time.AfterFunc(time.Hour, func() {}).Stop() }

// Setup replaces the settings for workers to come. What is read once stays as it is: the scheduling policy, StickyKey, NewBalancer,
// OnMessage, the serialization, NoBatch and NoSteal.
//
// Node's cluster.setupPrimary merges what it is given with what it was given before. Here that is to change what [Primary.Settings]
// returns, and to give it to Setup.
func (p *Primary) Setup(settings Settings) {
	p.mu.Lock()
	defer p.mu.Unlock()
	settings.SchedulingPolicy, settings.Serialization = p.settings.SchedulingPolicy, p.settings.Serialization
	settings.StickyKey, settings.OnMessage = p.settings.StickyKey, p.settings.OnMessage
	settings.NewBalancer, settings.NoBatch, settings.NoSteal = p.settings.NewBalancer, p.settings.NoBatch, p.settings.NoSteal
	p.settings = settings
	p.events.emit(SetupEvent{settings})
	p.loop.Post(func() { p.onLoop.lag.set(settings.LagPeriod, settings.MaxLag) })
}

// Settings returns those that the next worker gets.
func (p *Primary) Settings() Settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings
}

// SchedulingPolicy returns the policy, which stays the same.
func (p *Primary) SchedulingPolicy() SchedulingPolicy { return p.policy }

// Fork starts a worker, with variables "K=V" on top of those of the settings, as Node's cluster.fork(env) does. It
// returns when the process runs. It fails if the process could not be started, and with [ErrClosed] after Close.
func (p *Primary) Fork(env ...string) (*Worker, error) { return p.ForkWith(p.Settings(), env...) }

// ForkWith is Fork with other settings than the primary's, for a worker that is another program in the same cluster.
// The fields of [Settings] that are the primary's are not read.
func (p *Primary) ForkWith(settings Settings, env ...string) (*Worker, error) {
	return p.fork(nil, settings, env)
}

// ForkSuccessor is ForkWith for a worker that is to take the place of another one, which goes on until the caller has it leave. Under
// SchedSticky the clients of that one become the successor's when it leaves or ends, and the successor has none before; no client of
// another worker moves. Under the other policies both get connections meanwhile, as any two workers do. It is ForkWith if before is nil or
// has ended. It fails as ForkWith does, and where before is another primary's.
func (p *Primary) ForkSuccessor(before *Worker, settings Settings, env ...string) (*Worker, error) {
	if before != nil && before.primary != p {
		return nil, fmt.Errorf("cluster: fork a successor of worker %d: it is another primary's", before.id)
	}
	return p.fork(before, settings, env)
}

func (p *Primary) fork(before *Worker, settings Settings, env []string) (*Worker, error) {
	p.mustNotWait("Fork of a worker")
	id, err := p.enter()
	if err != nil {
		return nil, fmt.Errorf("cluster: fork: %w", err)
	}
	defer p.forking.Done()
	settings.Serialization = p.Settings().Serialization
	w, err := p.start(id, before, &settings, env)
	for p.makeRoom(err) {
		w, err = p.start(id, before, &settings, env)
	}
	return w, err
}

// enter gives a new worker its id, and has Close wait until forking.Done is called. It fails once Close was called.
func (p *Primary) enter() (id int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		return 0, fmt.Errorf("the primary is %w", ErrClosed)
	}
	p.lastID++
	p.forking.Add(1)
	return p.lastID, nil
}

// goUnlessClosed runs f in a goroutine for which Close waits. Once Close was called it does nothing: nobody needs what f finds out.
func (p *Primary) goUnlessClosed(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closing {
		p.forking.Go(f)
	}
}

func (p *Primary) start(id int, before *Worker, settings *Settings, env []string) (*Worker, error) {
	if err := errors.Join(settings.Runtime.check(), settings.StopMethod.check()); err != nil {
		return nil, err
	}
	cmd, err := settings.command(id, env, p.nextInspectPort)
	if err != nil {
		return nil, err
	}
	w := &Worker{
		id: id, primary: p, path: executablePath(cmd), args: cmd.Args, program: settings.program(), minPort: settings.MinPort,
		life: newLifeline(), stop: settings.stopping(), onLoop: newWorkerOnLoop(),
	}
	w.onLoop.before, w.onLoop.suspended = before, settings.StartSuspended
	w.standby.Store(settings.Standby)
	if settings.Runtime != "" {
		w.runtime.Store(&settings.Runtime)
	}
	theirs, err := w.stdio.connect(cmd, settings)
	if err != nil {
		return nil, err
	}
	var child *nodeipc.Child
	p.forker.do(func() {
		child, err = nodeipc.Start(cmd, nodeipc.Options{
			Serialization: settings.Serialization, MaxMessageSize: settings.MaxMessageSize,
			Loop: p.loop, Handler: workerChannel{w}, Warn: w.warn,
		})
	})
	closeAll(theirs)
	if err != nil {
		w.stdio.close()
		return nil, fmt.Errorf("cluster: fork: %w", err)
	}
	p.forking.Go(func() { child.Wait() })
	return w, nil
}

// nextInspectPort counts up from the port of an inspector of the primary's.
func (p *Primary) nextInspectPort(debugPort int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inspected++
	port := p.inspected + debugPort
	for port > maxPort {
		port -= maxPort - minInspectPort + 1
	}
	return port
}

func (w *Worker) warn(err error) {
	w.primary.events.emit(ErrorEvent{w, fmt.Errorf("cluster: worker %d: %w", w.id, err)})
}

// Workers returns the workers, the oldest first, without those that were asked to leave and those of which nothing is left.
func (p *Primary) Workers() (workers []*Worker) {
	p.loop.Call(func() {
		for id, w := range p.onLoop.workers {
			if p.onLoop.dismissed[id] == nil {
				workers = append(workers, w)
			}
		}
	})
	slices.SortFunc(workers, func(a, b *Worker) int { return a.id - b.id })
	return workers
}

// Worker returns the one of [Primary.Workers] with this id, or nil.
func (p *Primary) Worker(id int) (w *Worker) {
	p.loop.Call(func() {
		if p.onLoop.dismissed[id] == nil {
			w = p.onLoop.workers[id]
		}
	})
	return w
}

// Disconnect asks all workers to leave, as Node's cluster.disconnect() does. It waits until all are gone and their sockets are
// closed, and returns nil then; or until ctx ends, and returns its error.
func (p *Primary) Disconnect(ctx context.Context) error {
	p.mustNotWait("Disconnect of all workers")
	gone := make(chan struct{})
	if err := p.loop.Call(func() { p.disconnectAll(gone) }); err != nil {
		return nil
	}
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cluster: disconnect: %w", context.Cause(ctx))
	}
}

// Close kills the workers that are left, as [Primary.Kill] does, waits for their ends and frees everything. Next still returns the
// events that have happened, but for messages with handles. It is safe to call twice.
func (p *Primary) Close() error {
	p.mustNotWait("Close of the primary")
	p.mu.Lock()
	closed := p.closing
	p.closing = true
	p.mu.Unlock()
	if closed {
		p.forking.Wait()
		return nil
	}
	p.loop.Post(func() { p.onLoop.leaving = true })
	p.Kill()
	p.forking.Wait()
	p.loop.Call(p.endAdoptions)
	p.loop.Call(p.closeHeld)
	p.loop.Close()
	p.forker.close()
	bind.AwaitClosed()
	p.events.close()
	return nil
}

// mustNotWait panics on the loop. What calls it waits for the loop, which would then wait for itself.
func (p *Primary) mustNotWait(call string) {
	if p.loop.IsCurrent() {
		panic("cluster: " + call + " by a Balancer would wait for the loop, which waits for the Balancer: start a goroutine for it")
	}
}
