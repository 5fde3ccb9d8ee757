package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// uniqueIDVariable tells a process that it is a worker, and which.
const uniqueIDVariable = "NODE_UNIQUE_ID"

// Why a worker's context has ended; see [Process.Context].
var (
	// ErrAskedToLeave: the primary has asked the worker to leave, or Disconnect or Close was called here.
	ErrAskedToLeave = errors.New("the worker was asked to leave")
	// ErrPrimaryLost: the channel to the primary has ended although neither side had asked for that. Where the primary
	// broke the protocol, the cause wraps what was wrong too.
	ErrPrimaryLost = errors.New("the primary is gone")
)

// ErrNotWorker is the error of what needs a primary, in a process that runs alone.
var ErrNotWorker = errors.New("this process is not a cluster's worker")

// JoinOptions say how a process is a worker. With the zero value it is one as a Node program is.
type JoinOptions struct {
	// OutlivePrimary lets the process go on when the primary is lost: [Process.Context] ends, and the program does what
	// it has to. By default the process exits with code 0 then, or with code 1 and a line on slog where the primary broke
	// the protocol, as Node's worker does, and no deferred function runs. Serve implies it.
	OutlivePrimary bool
}

// Process is this process as a worker: what cluster.worker and process are in a Node worker. There is one in a process;
// [Join] gives it. Its methods may be called from any goroutine.
type Process struct {
	id      int
	channel *nodeipc.Channel // nil in a process that runs alone
	onLoop  nodeipc.LoopChannel
	context context.Context
	cancel  context.CancelCauseFunc
	done    chan struct{}

	mu        sync.Mutex
	state     State
	outlives  bool // its primary
	left      bool // exitedAfterDisconnect
	byUs      bool // it was this end that wanted to leave
	finishing bool // the last step of leaving is taken
	forgotten bool // by Join
	seq       uint32
	replies   map[uint32]func(*fromPrimary, *handlewrap.Handle)
	indexes   map[string]*indexes
	servers   map[*registration]struct{} // those that the program has not closed
	byKey     map[string]*registration
	open      int // servers and connections for whose end the worker's leaving waits
	grace     grace
}

// joined is what Join gives a second time.
var joined struct {
	sync.Mutex
	process *Process
}

// Join makes this process a worker when it was forked as one, by Node's cluster or by
// [github.com/nodecluster/nodecluster/cluster.Primary.Fork], and tells the primary that it is online. Outside a cluster it
// gives a Process that listens by itself, so that the same program runs alone, as in Node.
//
// A process has one Process: each further call gives the same, and does not look at ctx. A worker that has left its cluster
// does not come back: Join gives the Process that has left, on which nothing can be listened on. Only after [Process.Close],
// and where a process that runs alone has ended, Join begins anew.
//
// [Process.Context] ends with ctx. Join fails when the environment speaks of a channel that cannot be opened; it may then
// be called again. It does not block.
func Join(ctx context.Context) (*Process, error) { return JoinWith(ctx, JoinOptions{}) }

// JoinWith is Join with options. Where the process has joined already, OutlivePrimary holds from this call on, and stays:
// a process outlives its primary once one of its calls has asked for that.
func JoinWith(ctx context.Context, o JoinOptions) (*Process, error) {
	joined.Lock()
	defer joined.Unlock()
	if p := joined.process; p != nil && p.isCurrent() {
		if o.OutlivePrimary {
			p.outlivePrimary()
		}
		return p, nil
	}
	p, err := join(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("worker: join: %w", err)
	}
	joined.process = p
	return p, nil
}

func join(ctx context.Context, o JoinOptions) (*Process, error) {
	p := newProcess(ctx, o)
	value, forked := os.LookupEnv(uniqueIDVariable)
	if !forked {
		return p, nil
	}
	if err := p.joinPrimary(value); err != nil {
		p.cancel(err)
		return nil, err
	}
	os.Unsetenv(uniqueIDVariable)
	return p, nil
}

func newProcess(ctx context.Context, o JoinOptions) *Process {
	p := &Process{
		outlives: o.OutlivePrimary, state: StateOnline, done: make(chan struct{}),
		replies: map[uint32]func(*fromPrimary, *handlewrap.Handle){}, indexes: map[string]*indexes{},
		servers: map[*registration]struct{}{}, byKey: map[string]*registration{},
	}
	p.context, p.cancel = context.WithCancelCause(ctx)
	return p
}

// joinPrimary opens the channel to the primary, and tells it that this worker is online.
func (p *Process) joinPrimary(value string) (err error) {
	if p.id, err = strconv.Atoi(value); err != nil || p.id <= 0 {
		return fmt.Errorf("%s=%q is not a worker's id", uniqueIDVariable, value)
	}
	if err := openPoller(); err != nil {
		return err
	}
	if p.channel, err = nodeipc.Parent(nodeipc.Options{Handler: processChannel{p}, Paused: true, Linger: maxWait}); err != nil {
		return err
	}
	if err := p.tell(&wire.WorkerMessage{Act: wire.ActOnline}, nil); err != nil {
		p.Close()
		return err
	}
	p.channel.Resume()
	return nil
}

// openPoller has Go open the descriptors of its network poller, which it does with the first connection otherwise: a process
// that has no room for them then dies.
func openPoller() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	return errors.Join(r.Close(), w.Close())
}

// isCurrent reports whether Join gives this Process again. A worker that has left must not begin anew by itself: it would
// then run alone, with a port of its own.
func (p *Process) isCurrent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.forgotten:
		return false
	case p.IsWorker(), p.state == StateDisconnecting:
		return true
	}
	return p.state != StateDisconnected && p.context.Err() == nil
}

func (p *Process) outlivePrimary() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outlives = true
}

// IsWorker reports whether there is a primary; without one the process runs alone.
func (p *Process) IsWorker() bool { return p.channel != nil }

// ID is the worker's id, 0 in a process that runs alone.
func (p *Process) ID() int { return p.id }

// Context ends when the worker is asked to leave, with the cause ErrAskedToLeave; when the primary is lost, with a cause
// that matches ErrPrimaryLost; or with the context given to Join. It is how a program learns that it has to end: it then
// closes its listeners, or lets net/http's Shutdown or gRPC's GracefulStop do that, and waits for Done.
func (p *Process) Context() context.Context { return p.context }

// Done is closed when the process is no worker any more: when it has left, which is after the end of all that its leaving
// waits for, and when the primary has seen that its channel has ended; or when the primary is lost. A process that runs
// alone leaves too: when Disconnect or Close is called.
func (p *Process) Done() <-chan struct{} { return p.done }

// State is where the worker is in its life.
func (p *Process) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// IsConnected reports whether messages can be sent to the primary.
func (p *Process) IsConnected() bool { return p.channel != nil && p.channel.Connected() }

// ExitedAfterDisconnect reports whether the worker leaves because it was asked to.
func (p *Process) ExitedAfterDisconnect() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}
