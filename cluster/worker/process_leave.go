package worker

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// How long a worker that leaves waits for a primary that does not answer.
const (
	maxWait  = 5 * time.Second
	lastWait = time.Second // after the deadline for its leaving
)

// Disconnect has the worker leave, as Node's worker.disconnect() in a worker: Context ends, no more connections come, and
// when those that were accepted have ended the primary is told and the channel closes. It does not wait; Done tells. In a
// process that runs alone it does the same but for the primary.
func (p *Process) Disconnect() { p.leave(true) }

// Kill has the worker leave at once: the primary is told, the channel closes, and the process exits with code 0. It
// does not return, and waits 5 s at most for a primary that does not answer.
func (p *Process) Kill() {
	if p.IsConnected() {
		p.mu.Lock()
		p.left, p.state = true, StateDestroying
		p.mu.Unlock()
		p.tellAndDisconnect()
		p.awaitDone(maxWait)
	}
	os.Exit(0)
}

// awaitDone waits until the worker has left, and reports whether it has within d.
func (p *Process) awaitDone(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}

// Close leaves the cluster at once, without a word to the primary, and frees what the channel held: the messages that
// nobody has received, and their handles. Context ends, and listeners close. It is for a process that goes on afterwards;
// one that ends wants Disconnect. A later Join begins anew, as in a process that no primary has forked. It is safe to call
// twice.
func (p *Process) Close() error {
	p.mu.Lock()
	p.forgotten = true
	p.mu.Unlock()
	return p.leaveNow()
}

// leaveNow ends the channel and all listeners.
func (p *Process) leaveNow() (err error) {
	p.mu.Lock()
	p.left = true
	p.mu.Unlock()
	p.cancel(ErrAskedToLeave)
	if p.channel != nil {
		err = p.channel.Close()
	} else {
		p.hasLeft()
	}
	p.closeServers()
	return err
}

// leave begins the worker's leaving, which ends in hasLeft.
func (p *Process) leave(byUs bool) {
	p.mu.Lock()
	switch p.state {
	case StateDisconnecting, StateDestroying, StateDisconnected:
		p.mu.Unlock()
		return
	}
	p.left, p.byUs, p.state = true, byUs, StateDisconnecting
	p.open++
	p.mu.Unlock()
	p.cancel(ErrAskedToLeave)
	p.drainServers()
	p.countClosed()
}

// countOpen counts a server or connection for whose end the worker's leaving waits.
func (p *Process) countOpen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
}

// countClosed counts the end of what countOpen has counted.
func (p *Process) countClosed() {
	p.mu.Lock()
	p.open--
	left := p.open == 0 && p.state == StateDisconnecting
	graceOver := p.open == 0 && p.grace.passed
	p.mu.Unlock()
	if left {
		p.finish()
	}
	if graceOver {
		p.closeServers()
	}
}

// finish is the last step of leaving, when everything has ended for which that waits. It is taken once: a connection that was
// accepted at the last moment begins and ends after it.
func (p *Process) finish() {
	p.mu.Lock()
	again, byUs := p.finishing, p.byUs
	p.finishing = true
	p.mu.Unlock()
	switch {
	case again:
	case p.channel == nil:
		p.hasLeft()
	case byUs:
		p.tellAndDisconnect()
	default:
		p.channel.Disconnect()
	}
}

// finishNow has the worker leave although connections may be open. It reports whether the worker had left already.
func (p *Process) finishNow() bool {
	select {
	case <-p.done:
		return true
	default:
	}
	p.finish()
	if !p.awaitDone(lastWait) {
		p.leaveNow()
	}
	return false
}

// tellAndDisconnect tells the primary that the worker leaves of its own accord, and closes the channel when the primary knows.
func (p *Process) tellAndDisconnect() {
	p.tell(&wire.WorkerMessage{Act: wire.ActExitedAfterDisconnect}, func(_ *fromPrimary, h *handlewrap.Handle) {
		closeHandle(h)
		p.channel.Disconnect()
	})
}

// hasLeft is the end of the worker's life.
func (p *Process) hasLeft() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != StateDisconnected {
		p.state = StateDisconnected
		close(p.done)
	}
}

// lost is the end of the channel. A primary that is gone is told from one that broke the protocol, of which a worker that
// ends says so: it is as if a Node worker had thrown.
func (p *Process) lost(err error) {
	p.mu.Lock()
	left, outlives := p.left, p.outlives
	p.mu.Unlock()
	cause := ErrPrimaryLost
	broken := err != nil && !errors.Is(err, io.ErrUnexpectedEOF)
	if broken {
		cause = fmt.Errorf("%w: the channel of worker %d: %w", ErrPrimaryLost, p.id, err)
	}
	if !left && !outlives {
		if broken {
			slog.Error("worker: " + cause.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	p.cancel(cause)
	p.drainServers()
	p.hasLeft()
}
