package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// uniqueIDVariable is by what a process knows that it is a worker.
const uniqueIDVariable = "NODE_UNIQUE_ID"

// Why a worker's context has ended; see [Process.Context].
var (
	// ErrAskedToLeave: the primary, or Disconnect here, has asked the worker to leave.
	ErrAskedToLeave = errors.New("the worker was asked to leave")
	// ErrPrimaryLost: the channel to the primary has ended without anybody's asking. Where the primary broke the
	// protocol, the cause wraps what was wrong too.
	ErrPrimaryLost = errors.New("the primary is gone")
	// ErrNotWorker: the process was not forked by a primary.
	ErrNotWorker = errors.New("this process is not a cluster's worker")
)

// JoinOptions say how a process is a worker. The zero value is as Node.
type JoinOptions struct {
	// OutlivePrimary lets the process go on when the primary is lost. By default it exits with code 0 then, or with
	// code 1 and a line on slog where the primary broke the protocol, as Node's worker does; [Process.Context] ends in
	// either case.
	OutlivePrimary bool
}

// Process is this process as a worker: what cluster.worker and process are in a Node worker. Make it with [Join]. Its
// methods may be called from any goroutine.
type Process struct {
	id      int
	channel *nodeipc.Channel // nil in a process that runs alone
	onLoop  nodeipc.LoopChannel
	options JoinOptions
	context context.Context
	cancel  context.CancelCauseFunc
	done    chan struct{}

	mu      sync.Mutex
	state   State
	left    bool // exitedAfterDisconnect
	byUs    bool // it was this end that wanted to leave
	seq     uint32
	replies map[uint32]func(*fromPrimary, *handlewrap.Handle)
	indexes map[string]*indexes
	servers map[*registration]struct{}
	byKey   map[string]*registration
	open    int // servers and connections that have to end before the worker has left
}

// server is what listens in this worker.
type server interface {
	// offer takes a connection that the primary has dispatched, or rejects it.
	offer(seq json.RawMessage, connection *handlewrap.Handle)
	Close() error
}

// Join makes this process a worker when it was forked as one, by Node's cluster or by [cluster.Primary.Fork], and tells the
// primary that it is online. Outside a cluster it gives a Process that listens by itself, so that the same program runs
// alone, as in Node. It may succeed as a worker once in a process. The context that ends with ctx is
// [Process.Context]. It fails when the environment speaks of a channel that is not there.
func Join(ctx context.Context) (*Process, error) { return JoinWith(ctx, JoinOptions{}) }

// JoinWith is Join with options.
func JoinWith(ctx context.Context, o JoinOptions) (*Process, error) {
	p := &Process{
		options: o, state: StateOnline, done: make(chan struct{}), replies: map[uint32]func(*fromPrimary, *handlewrap.Handle){},
		indexes: map[string]*indexes{}, servers: map[*registration]struct{}{}, byKey: map[string]*registration{},
	}
	p.context, p.cancel = context.WithCancelCause(ctx)
	value, forked := os.LookupEnv(uniqueIDVariable)
	if !forked {
		return p, nil
	}
	id, err := strconv.Atoi(value)
	if err != nil || id <= 0 {
		return nil, fmt.Errorf("worker: join: %s=%q is not a worker's id", uniqueIDVariable, value)
	}
	if err := openPoller(); err != nil {
		return nil, fmt.Errorf("worker: join: %w", err)
	}
	os.Unsetenv(uniqueIDVariable)
	channel, err := nodeipc.Parent(nodeipc.Options{Handler: processChannel{p}, Paused: true})
	if err != nil {
		return nil, fmt.Errorf("worker: join: %w", err)
	}
	p.id, p.channel = id, channel
	if err := p.tell(&wire.WorkerMessage{Act: wire.ActOnline}, nil); err != nil {
		channel.Close()
		return nil, fmt.Errorf("worker: join: %w", err)
	}
	channel.Resume()
	return p, nil
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

// IsWorker says whether there is a primary; without one the process runs alone.
func (p *Process) IsWorker() bool { return p.channel != nil }

// ID is the worker's id, 0 in a process that runs alone.
func (p *Process) ID() int { return p.id }

// Context ends when the worker is asked to leave, with the cause ErrAskedToLeave, when the primary is lost, with
// ErrPrimaryLost, or with the context given to Join.
func (p *Process) Context() context.Context { return p.context }

// Done is closed when the channel to the primary has ended, which is after everything that the worker was at when it
// was asked to leave. In a process that runs alone it is nil.
func (p *Process) Done() <-chan struct{} {
	if p.channel == nil {
		return nil
	}
	return p.done
}

// State is where the worker is in its life: online, listening, disconnecting, disconnected.
func (p *Process) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// IsConnected says whether messages can be sent to the primary.
func (p *Process) IsConnected() bool { return p.channel != nil && p.channel.Connected() }

// ExitedAfterDisconnect says whether the worker leaves because it was asked to.
func (p *Process) ExitedAfterDisconnect() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

// Send sends the primary a message, as process.send and [nodeipc.Channel.Send]. It returns ErrNotWorker in a process
// that runs alone.
func (p *Process) Send(ctx context.Context, message any) error {
	if p.channel == nil {
		return fmt.Errorf("worker: send: %w", ErrNotWorker)
	}
	return p.channel.Send(ctx, message)
}

// SendHandle sends the primary a message with a handle, which is given away unless there is an error, as
// [nodeipc.Channel.SendHandle].
func (p *Process) SendHandle(ctx context.Context, message any, h *handlewrap.Handle) error {
	if p.channel == nil {
		return fmt.Errorf("worker: send: %w", ErrNotWorker)
	}
	return p.channel.SendHandle(ctx, message, h)
}

// SendHandleKeepOpen sends the primary a message with a copy of a handle.
func (p *Process) SendHandleKeepOpen(ctx context.Context, message any, h *handlewrap.Handle) error {
	if p.channel == nil {
		return fmt.Errorf("worker: send: %w", ErrNotWorker)
	}
	return p.channel.SendHandleKeepOpen(ctx, message, h)
}

// Receive waits for the next message of the primary, as [nodeipc.Channel.Receive]. Its handle is the caller's. It
// returns ErrNotWorker in a process that runs alone.
//
// Up to 16 MiB of messages wait for it, and the one that goes over that; a message counts 256 bytes beside its own, and a
// handle 64 KiB. A program that goes on receiving loses none: the primary is held back. One that never did, or lets a
// second pass without a call while so many wait, does not listen: what comes further is dropped with its handles, as
// Node's worker drops what has no listener. slog is told so once, and the worker goes on serving.
func (p *Process) Receive(ctx context.Context) (nodeipc.Message, error) {
	if p.channel == nil {
		return nodeipc.Message{}, fmt.Errorf("worker: receive: %w", ErrNotWorker)
	}
	return p.channel.Receive(ctx)
}
