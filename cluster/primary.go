package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
)

// A Primary is the primary of a cluster: it forks workers, owns the sockets that they listen on, and hands them
// their connections. Make one with [NewPrimary]. Its methods may be called from any goroutine.
type Primary struct {
	loop   *eventloop.Loop
	forker *forker
	events *eventStream
	policy SchedulingPolicy
	begun  time.Time

	newBalancer func() Balancer

	mu        sync.Mutex
	settings  Settings
	lastID    int
	closing   bool
	forking   sync.WaitGroup
	inspected int // how many inspector ports were counted up

	// What follows is the loop's alone.
	workers   map[int]*Worker // those of whom not everything has ended
	dismissed map[int]*Worker // those of them that were asked to leave
	servers   map[string]server
	seq       uint32
	frame     []byte
	leaving   bool // all are to leave
	warned    bool // of connections that wait
	policed   bool // of a policy that could not be had
	empty     []chan struct{}
}

// NewPrimary makes a primary without workers, as Node's cluster.setupPrimary. The caller must call
// [Primary.Close]. It fails where the settings make no sense or the system has no room for it.
func NewPrimary(settings Settings) (*Primary, error) {
	policy, err := settings.schedulingPolicy()
	if err != nil {
		return nil, err
	}
	openTimers()
	loop, err := eventloop.New()
	if err != nil {
		return nil, err
	}
	p := &Primary{
		loop: loop, forker: newForker(), events: newEventStream(), policy: policy, settings: settings,
		begun: time.Now(), newBalancer: settings.balancer(policy),
		workers: map[int]*Worker{}, dismissed: map[int]*Worker{}, servers: map[string]server{},
	}
	p.events.emit(SetupEvent{settings})
	return p, nil
}

// openTimers has the runtime open the descriptors that it takes for the first timer. It ends the process if there are
// none left, which is just when a timer is needed to wait for some.
func openTimers() { time.AfterFunc(time.Hour, func() {}).Stop() }

// Setup changes the settings for workers to come, as calling Node's cluster.setupPrimary again does. The
// scheduling policy and the serialization stay as they are.
func (p *Primary) Setup(settings Settings) {
	p.mu.Lock()
	defer p.mu.Unlock()
	settings.SchedulingPolicy, settings.Serialization = p.settings.SchedulingPolicy, p.settings.Serialization
	settings.NewBalancer = p.settings.NewBalancer
	p.settings = settings
	p.events.emit(SetupEvent{settings})
}

// Settings are those that the next worker gets.
func (p *Primary) Settings() Settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings
}

// SchedulingPolicy is who hands out connections.
func (p *Primary) SchedulingPolicy() SchedulingPolicy { return p.policy }

// Fork starts a worker, with variables "K=V" on top of those of the settings, as Node's cluster.fork(env). It
// returns when the process runs, or why it could not be started, or ErrClosed.
func (p *Primary) Fork(env ...string) (*Worker, error) { return p.ForkWith(p.Settings(), env...) }

// ForkWith is Fork with other settings than the primary's, for a worker that is another program in the same cluster.
// The serialization is the primary's.
func (p *Primary) ForkWith(settings Settings, env ...string) (*Worker, error) {
	p.mu.Lock()
	if p.closing {
		p.mu.Unlock()
		return nil, fmt.Errorf("cluster: fork: the primary is %w", ErrClosed)
	}
	p.lastID++
	id := p.lastID
	settings.Serialization = p.settings.Serialization
	p.forking.Add(1)
	p.mu.Unlock()
	defer p.forking.Done()
	return p.start(id, &settings, env)
}

func (p *Primary) start(id int, settings *Settings, env []string) (*Worker, error) {
	cmd, err := settings.command(id, env, p.inspectPort(settings))
	if err != nil {
		return nil, err
	}
	w := &Worker{id: id, primary: p, args: cmd.Args, life: newLifeline(), memberships: map[string]membership{}}
	theirs, err := w.stdio.connect(cmd, settings)
	if err != nil {
		return nil, err
	}
	var child *nodeipc.Child
	p.forker.do(func() {
		child, err = nodeipc.Start(cmd, nodeipc.Options{
			Serialization: settings.Serialization, Loop: p.loop, Handler: workerChannel{w}, Warn: w.warn,
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

func (p *Primary) inspectPort(settings *Settings) func() int {
	if settings.InspectPort != nil {
		return settings.InspectPort
	}
	return func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.inspected++
		port := p.inspected + defaultDebugPort
		if settings.DebugPort != 0 {
			port = p.inspected + settings.DebugPort
		}
		for port > maxPort {
			port -= maxPort - minInspectPort + 1
		}
		return port
	}
}

func (w *Worker) warn(err error) {
	w.primary.events.emit(ErrorEvent{w, fmt.Errorf("cluster: worker %d: %w", w.id, err)})
}

// Workers are the workers by age: those that were neither asked to leave nor have ended in every respect.
func (p *Primary) Workers() (workers []*Worker) {
	p.loop.Call(func() {
		for id, w := range p.workers {
			if p.dismissed[id] == nil {
				workers = append(workers, w)
			}
		}
	})
	slices.SortFunc(workers, func(a, b *Worker) int { return a.id - b.id })
	return workers
}

// Worker is the worker with this id among [Primary.Workers], nil if there is none.
func (p *Primary) Worker(id int) (w *Worker) {
	p.loop.Call(func() {
		if p.dismissed[id] == nil {
			w = p.workers[id]
		}
	})
	return w
}

// Disconnect asks all workers to leave, as Node's cluster.disconnect(), and waits until all of them have ended and
// no socket of theirs is open any more, or for ctx, whose error it returns then.
func (p *Primary) Disconnect(ctx context.Context) error {
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

func (p *Primary) disconnectAll(gone chan struct{}) {
	p.leaving = true
	for _, id := range slices.Sorted(maps.Keys(p.workers)) {
		p.workers[id].disconnect()
	}
	p.empty = append(p.empty, gone)
	p.notifyEmpty()
}

// Close kills the workers that are left, waits for their ends and frees everything. Events that have happened can
// still be taken with Next, but for messages with handles. It is safe to call twice.
func (p *Primary) Close() error {
	p.mu.Lock()
	closed := p.closing
	p.closing = true
	p.mu.Unlock()
	if closed {
		p.forking.Wait()
		return nil
	}
	p.killAll()
	p.forking.Wait()
	p.loop.Call(p.closeServers)
	p.loop.Close()
	p.forker.close()
	p.events.close()
	return nil
}

// killAll kills what runs.
func (p *Primary) killAll() {
	p.loop.Call(func() {
		p.leaving = true
		for _, w := range p.workers {
			w.child.Signal(syscall.SIGKILL)
		}
	})
}

// The methods from here on run on the loop.

func (p *Primary) nextSeq() uint32 {
	if p.seq == wire.MaxSeq {
		p.seq = 0
	}
	p.seq++
	return p.seq - 1
}

// holding reports whether sockets without workers stay open, for workers to come.
func (p *Primary) holding() bool {
	if p.leaving {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings.HoldListeners
}

// isClosing reports whether Close was called: what starts now is to end.
func (p *Primary) isClosing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closing
}

// dismiss takes a worker off the list that was asked to leave.
func (p *Primary) dismiss(w *Worker) { p.dismissed[w.id] = w }

// settle forgets a worker of which nothing is left.
func (p *Primary) settle(w *Worker) {
	if !w.life.now().isGone() || p.workers[w.id] == nil {
		return
	}
	delete(p.workers, w.id)
	delete(p.dismissed, w.id)
	p.notifyEmpty()
}

func (p *Primary) notifyEmpty() {
	if len(p.workers) > 0 || !p.leaving {
		return
	}
	p.closeServers()
	for _, gone := range p.empty {
		close(gone)
	}
	p.empty, p.leaving = nil, false
}

// warnOnce tells of a shortage of the system's, not of every connection that meets it.
func (p *Primary) warnOnce(err error) {
	if !p.warned {
		p.warned = true
		p.events.emit(ErrorEvent{Err: fmt.Errorf("cluster: connections wait: %w", err)})
	}
}

// warnOfPolicy tells that connections are handed out otherwise than by the policy, not of every server for which that is so.
func (p *Primary) warnOfPolicy(err error) {
	if !p.policed {
		p.policed = true
		p.events.emit(ErrorEvent{Err: fmt.Errorf("cluster: scheduling policy %q: %w", p.policy, err)})
	}
}
