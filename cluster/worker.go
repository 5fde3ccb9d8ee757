package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// A Worker is a process that a primary has forked. Its methods may be called from any goroutine.
type Worker struct {
	id      int
	primary *Primary
	program string
	args    []string
	child   *nodeipc.Child
	life    lifeline
	left    atomic.Bool // exitedAfterDisconnect
	broken  atomic.Bool // its channel ended in an error
	served  atomic.Bool // it has listened
	status  nodeipc.ExitStatus
	exited  chan struct{}
	waiting waiting
	stdio   stdio

	// What follows is the loop's alone.
	memberships map[string]membership
	offers      offers
}

// ID is the worker's id: from 1 on, never used again.
func (w *Worker) ID() int { return w.id }

// Pid is the process id.
func (w *Worker) Pid() int { return w.child.Pid() }

// Args is the command line that the worker was started with, as Node's worker.process.spawnargs.
func (w *Worker) Args() []string { return slices.Clone(w.args) }

// State is where the worker is in its life.
func (w *Worker) State() State { return stateNames[w.life.now()] }

// IsConnected says whether the channel to the worker is open and nobody has asked to close it.
func (w *Worker) IsConnected() bool { return w.child.Connected() }

// IsDead says whether the process has ended.
func (w *Worker) IsDead() bool { return w.life.now().isDead() }

// ExitedAfterDisconnect says whether the worker left because it was asked to, or had said that it would,
// rather than by accident.
func (w *Worker) ExitedAfterDisconnect() bool { return w.left.Load() }

// Exited is closed when the process has ended.
func (w *Worker) Exited() <-chan struct{} { return w.exited }

// ExitStatus is how the process ended, once Exited is closed.
func (w *Worker) ExitStatus() nodeipc.ExitStatus {
	select {
	case <-w.exited:
		return w.status
	default:
		return nodeipc.ExitStatus{}
	}
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

// Disconnect asks the worker to leave, as Node's worker.disconnect() in the primary: it gets no new connections,
// closes its servers, waits for those it has, and then the channel closes. It does not wait; the events tell.
func (w *Worker) Disconnect() {
	w.primary.loop.Post(w.disconnect)
}

// CloseChannel closes the channel to the worker without asking it to leave, as Node's worker.process.disconnect() in the
// primary: what was sent before still arrives, and a Node worker then exits at once. It returns [nodeipc.ErrDisconnected]
// when the channel was closed before.
func (w *Worker) CloseChannel() error { return w.child.Disconnect() }

// Kill sends the worker's process a signal, SIGTERM if it is 0, as Node's worker.kill() since 18. It returns
// os.ErrProcessDone when the process has ended.
func (w *Worker) Kill(signal syscall.Signal) error {
	if signal == 0 {
		signal = syscall.SIGTERM
	}
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

// The methods from here on run on the loop.

// HandleStart is the channel's call.
func (w *Worker) HandleStart(child *nodeipc.Child) {
	w.child = child
	w.primary.workers[w.id] = w
	w.primary.events.emit(ForkEvent{w})
	if w.primary.isClosing() {
		child.Signal(syscall.SIGKILL) // Close has killed the others before
	}
}

// HandleMessage is the channel's call.
func (w *Worker) HandleMessage(m nodeipc.Message) {
	size := len(m.Payload())
	if m.Handle != nil {
		size += handleCost
	}
	w.primary.events.emitFor(w, MessageEvent{w, m}, size)
}

// HandleInternal is the channel's call.
func (w *Worker) HandleInternal(m nodeipc.Message) {
	if m.Handle != nil {
		m.Handle.Close()
	}
	if ack, accepted, ok := readAnswer(m.Payload()); ok {
		w.answered(ack, accepted)
		return
	}
	var message fromWorker
	if err := m.Decode(&message); err != nil {
		w.fail(fmt.Errorf("%w: %w", nodeipc.ErrProtocol, err))
		return
	}
	if message.Command != clusterCommand {
		return
	}
	if message.Ack != nil {
		w.answered(*message.Ack, message.Accepted)
		return
	}
	w.act(&message)
}

func (w *Worker) act(m *fromWorker) {
	switch m.Act {
	case actOnline:
		if w.life.make(goOnline) {
			w.primary.events.emit(OnlineEvent{w})
		}
	case actQueryServer:
		w.queryServer(m)
	case actListening:
		w.isListening(m)
	case actClose:
		w.leave(m.Key)
	case actExitedAfterDisconnect:
		w.left.Store(true)
		w.post(toWorker{Command: clusterCommand, Ack: m.Seq, Seq: w.primary.nextSeq()})
	}
}

func (w *Worker) isListening(m *fromWorker) {
	if !w.life.make(goListening) {
		return
	}
	w.served.Store(true)
	w.primary.listened.Store(true)
	address := Address{
		Address:     stringOrEmpty(m.Address),
		Port:        integer(m.Port, -1),
		AddressType: text(m.AddressType),
		FD:          integer(m.FD, -1),
	}
	w.primary.events.emitFor(w, ListeningEvent{w, address}, len(address.Address)+len(address.AddressType))
}

// HandleNACK is the channel's call: the connection did not reach the worker, which has no descriptor left, say.
func (w *Worker) HandleNACK(tag uint32) { w.answered(tag, false) }

// HandleWritable is the channel's call.
func (w *Worker) HandleWritable() {
	for _, m := range w.memberships {
		m.retry()
	}
}

// HandleDisconnect is the channel's call.
func (w *Worker) HandleDisconnect(err error) {
	if err != nil {
		w.broken.Store(true)
		w.primary.events.emit(ErrorEvent{w, fmt.Errorf("cluster: the channel of worker %d: %w", w.id, err)})
	}
	w.leaveAll()
	w.giveBack()
	if w.life.make(goDisconnect) {
		w.primary.events.emit(DisconnectEvent{w})
	}
	w.primary.settle(w)
}

// HandleExit is the channel's call.
func (w *Worker) HandleExit(status nodeipc.ExitStatus) {
	w.status = status
	w.leaveAll()
	w.giveBack()
	ended := w.life.make(goExit)
	close(w.exited)
	if ended {
		w.primary.events.emit(ExitEvent{w, status})
	}
	w.primary.settle(w)
}

// wasKilled says whether a worker that had come to listen was ended from outside, which says nothing against the
// program: signals that a program's own faults raise are others.
func (w *Worker) wasKilled() bool {
	switch w.status.Signal {
	case syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
		return w.served.Load()
	}
	return false
}

func (w *Worker) disconnect() {
	if w.life.now().isDead() || !w.child.Connected() {
		return
	}
	// A Node worker that leaves already, of itself or because it was asked before, dies of being asked again.
	if !w.left.Swap(true) {
		w.post(toWorker{Command: clusterCommand, Act: actDisconnect, Seq: w.primary.nextSeq()})
	}
	w.leaveAll()
	w.primary.dismiss(w)
}

// post sends a message of the cluster's own.
func (w *Worker) post(message any) { w.postHandle(message, nil) }

func (w *Worker) postHandle(message any, h *handlewrap.Handle) {
	if err := w.child.Post(message, h); err != nil && !errors.Is(err, nodeipc.ErrDisconnected) {
		w.fail(err)
	}
}

// fail gives a worker up that breaks the protocol or does not read: its channel is closed, at which a Node
// process exits, and the others go on.
func (w *Worker) fail(err error) { w.child.Fail(err) }
