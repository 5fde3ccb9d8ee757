package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// A Worker is a process that a primary has forked, or adopted: see [Primary.Adopt]. Its methods may be called from any goroutine.
type Worker struct {
	id      int
	primary *Primary
	path    string // of the file that was started
	args    []string
	minPort int    // that it may listen on
	program string // what it runs: the same for its successor
	child   *nodeipc.Child
	pid     int
	life    *lifeline
	left    atomic.Bool             // exitedAfterDisconnect
	runtime atomic.Pointer[Runtime] // nil while it is not known
	status  nodeipc.ExitStatus
	holds   int // of readers of events that have too much of it waiting; the stream's mu guards it
	stdio   stdio

	stop stopping
	// disconnectedAt is when its channel has ended. It is set before life.disconnected is closed.
	disconnectedAt time.Time
	leftFirst      atomic.Bool // it has closed its servers before it was told to
	signalled      atomic.Bool // Shutdown has sent the signal
	messaged       atomic.Bool // it was sent messageToEnd
	standby        atomic.Bool // until it is activated
	reaps          atomic.Bool // what it leaves in its process group is to be killed

	onLoop workerOnLoop
}

// workerOnLoop is the part of a worker that only functions that the primary's loop runs may touch, as primaryOnLoop.
type workerOnLoop struct {
	channel        nodeipc.LoopChannel
	memberships    map[string]membership // by the server's key
	retired        map[string]membership // those that have ended but for a socket that the worker has
	costs          map[string]int        // of each, in bytes
	kept           int                   // the sum of the costs
	offers         offers
	accepted       int // connections of those offered
	identification identification
	pending        questions   // that wait for the end of its standby
	retries        int         // questions that are asked again in a moment
	claims         []claim     // the oldest first
	expiry         *time.Timer // of the next claim that ends
	released       bool        // it has no successor
	before         *Worker     // whose place it is to take, until nothing is left of that one; or nil
	drain          drain
	lag            workerLag
	dials          []*dialing // that wait for room in the channel
	suspended      bool       // see SuspendConnections
	adoption       *adoption  // nil for a worker that this primary has forked
}

func newWorkerOnLoop() workerOnLoop {
	return workerOnLoop{memberships: map[string]membership{}, retired: map[string]membership{}, costs: map[string]int{}}
}

// ID returns the worker's id. They count from 1, and none is used again.
func (w *Worker) ID() int { return w.id }

// Pid returns the process id, for an adopted worker that of its AdoptOptions.
func (w *Worker) Pid() int { return w.pid }

// Args returns the command line that the worker was started with, as Node's worker.process.spawnargs.
func (w *Worker) Args() []string { return slices.Clone(w.args) }

// State returns where the worker is in its life.
func (w *Worker) State() State { return stateNames[w.life.now()] }

// IsConnected reports whether the channel to the worker is open and neither side has begun to close it.
func (w *Worker) IsConnected() bool { return w.child.Connected() }

// IsDead reports whether the process has ended.
func (w *Worker) IsDead() bool { return w.life.now().isDead() }

// ExitedAfterDisconnect reports whether the worker was asked to leave, or has said that it leaves. It is false for one that ended by
// accident.
func (w *Worker) ExitedAfterDisconnect() bool { return w.left.Load() }

// Listening is closed when the worker has said for the first time that a server in it listens, before the ListeningEvent comes.
// A worker may end without that: wait for Gone too.
func (w *Worker) Listening() <-chan struct{} { return w.life.listening }

// Disconnected is closed when the channel to the worker has ended, before the DisconnectEvent comes.
func (w *Worker) Disconnected() <-chan struct{} { return w.life.disconnected }

// Exited is closed when the process has ended, before the ExitEvent comes. If the channel is open still, it is closed next,
// though something that the process has left running may have its other end.
func (w *Worker) Exited() <-chan struct{} { return w.life.exited }

// Gone is closed when nothing is left of the worker: its process and its channel have ended, in either order.
func (w *Worker) Gone() <-chan struct{} { return w.life.gone }

// ExitStatus returns how the process ended, once Exited is closed. Before, it is the zero value.
func (w *Worker) ExitStatus() nodeipc.ExitStatus {
	select {
	case <-w.life.exited:
		return w.status
	default:
		return nodeipc.ExitStatus{}
	}
}

// Accepted returns how many connections the worker has accepted that the primary has handed to it, since it was started: all of its
// clients' under [SchedRR] and [SchedLeast]. What a worker accepts by itself, as under the other policies, is not among them, nor are those
// of [Worker.Dial]: neither the primary nor the kernel counts the former.
func (w *Worker) Accepted() (n int) {
	w.primary.loop.Call(func() { n = w.onLoop.accepted })
	return n
}

// Send sends a message to the worker, as [nodeipc.Channel.Send] does.
func (w *Worker) Send(ctx context.Context, message any) error {
	return w.child.Send(ctx, message)
}

// SendHandle sends a message with a handle, which is given away unless there is an error, as
// [nodeipc.Channel.SendHandle] does.
func (w *Worker) SendHandle(ctx context.Context, message any, h *handlewrap.Handle) error {
	return w.child.SendHandle(ctx, message, h)
}

// SendHandleKeepOpen sends a message with a copy of a handle, as [nodeipc.Channel.SendHandleKeepOpen] does.
func (w *Worker) SendHandleKeepOpen(ctx context.Context, message any, h *handlewrap.Handle) error {
	return w.child.SendHandleKeepOpen(ctx, message, h)
}

// SendConn gives a connection to the worker with a message, as [nodeipc.Channel.SendConn] does: a Node worker gets a net.Socket as
// the second argument of its 'message' event. When it returns nil the connection is closed in this process, and on an error it is
// still the caller's.
func (w *Worker) SendConn(ctx context.Context, message any, conn net.Conn) error {
	return w.child.SendConn(ctx, message, conn)
}

// Tell sends a message to the worker and never waits, as [nodeipc.Channel.Tell] does. When too much waits for a worker that does
// not read, it returns an error that matches [nodeipc.ErrNotReading]: the message is not sent, and the channel goes on.
func (w *Worker) Tell(message any) error { return w.child.Tell(message) }

// Cork has small messages to the worker wait until [Worker.Uncork], so that they are written together, for a millisecond at most.
func (w *Worker) Cork() { w.child.Cork() }

// Uncork writes what has waited since [Worker.Cork].
func (w *Worker) Uncork() { w.child.Uncork() }

// Request sends the worker a request and waits for the body of its response, as [nodeipc.Channel.Request] does, whose documentation
// has what a Node worker answers with. A worker's own request is a [MessageEvent] whose message has IsRequest and Respond.
//
// While the worker is held back because too many of its events wait, its response waits too; see [Primary.Next].
func (w *Worker) Request(ctx context.Context, body any) (nodeipc.Message, error) {
	return w.child.Request(ctx, body)
}

// Disconnect asks the worker to leave, as Node's worker.disconnect() in the primary does: it gets no new connections,
// closes its servers, waits for the connections that it has, and then closes its channel. The call does not wait; Disconnected and
// Gone can be waited for.
//
// Before the worker is told to close its servers, it answers for the connections that are on their way to it, and reads what clients
// have sent so far. That takes 20 ms, and longer for a worker whose event loop is busy. What clients have sent to the last worker of a
// server is dealt out before. Node's primary does neither. Under [SchedNone] a worker accepts by itself until it closes its servers, so
// that Node 26 resets what it accepts at the last moment.
func (w *Worker) Disconnect() {
	w.primary.loop.Post(func() { w.primary.disconnect(w) })
}

// CloseChannel closes the channel to the worker without asking it to leave, as Node's worker.process.disconnect() in the
// primary: what was sent before still arrives, and a Node worker then exits at once. It returns [nodeipc.ErrDisconnected]
// when the channel was closed before.
func (w *Worker) CloseChannel() error { return w.child.Disconnect() }

// Kill sends the worker's process a signal. SIGTERM is what Node's worker.kill() sends without an argument, since Node 18.
// Signal 0 is sent nothing, and asks only whether the process can be sent one. Kill returns an error that matches
// [os.ErrProcessDone] when the process has ended, and for a worker that was adopted.
func (w *Worker) Kill(signal syscall.Signal) error {
	if err := w.child.Signal(signal); err != nil {
		return fmt.Errorf("cluster: kill worker %d: %w", w.id, err)
	}
	return nil
}

// Stdin is the worker's standard input, which the caller closes; nil unless the settings are Silent.
func (w *Worker) Stdin() io.WriteCloser { return orNil[io.WriteCloser](w.stdio.in) }

// Stdout is the worker's standard output, which the caller closes; nil unless the settings are Silent.
func (w *Worker) Stdout() io.ReadCloser { return orNil[io.ReadCloser](w.stdio.out) }

// Stderr is the worker's standard error, which the caller closes; nil unless the settings are Silent.
func (w *Worker) Stderr() io.ReadCloser { return orNil[io.ReadCloser](w.stdio.err) }

func orNil[T any](f *os.File) (none T) {
	if f == nil {
		return none
	}
	return any(f).(T)
}
