package worker

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/nodecluster/nodecluster/cluster/internal/wire"
	"github.com/nodecluster/nodecluster/handlewrap"
)

// Disconnect has the worker leave, as Node's worker.disconnect() in a worker: its listeners close, the connections
// that they have accepted may end, then the primary is told and the channel closes. It does not wait; Done tells.
func (p *Process) Disconnect() {
	if p.channel != nil {
		p.leave(true)
	}
}

// Kill has the worker leave at once: the primary is told, the channel closes, and the process exits with code 0. It
// does not return.
func (p *Process) Kill() {
	if p.IsConnected() {
		p.mu.Lock()
		p.left, p.state = true, StateDestroying
		p.mu.Unlock()
		p.farewell()
		<-p.done
	}
	os.Exit(0)
}

// Close leaves the cluster at once, without a word to the primary, and frees what the channel held: the messages that
// nobody has received, and their handles. Listeners close too. It is for a process that goes on afterwards; for one
// that ends it is Disconnect that is wanted. It is safe to call twice, and does nothing in a process that runs alone.
func (p *Process) Close() error {
	if p.channel == nil {
		return nil
	}
	p.mu.Lock()
	p.left = true
	p.mu.Unlock()
	return p.channel.Close()
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
	p.closeServers()
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
	last := p.open == 0 && p.state == StateDisconnecting
	byUs := p.byUs
	p.mu.Unlock()
	switch {
	case !last || p.channel == nil:
	case byUs:
		p.farewell()
	default:
		p.channel.Disconnect()
	}
}

// farewell tells the primary that the worker goes by itself, and goes when that is known there.
func (p *Process) farewell() {
	p.tell(&wire.WorkerMessage{Act: wire.ActExitedAfterDisconnect}, func(_ *fromPrimary, h *handlewrap.Handle) {
		closeHandle(h)
		p.channel.Disconnect()
	})
}

// lost is the end of the channel. A primary that is gone is told from one that broke the protocol, of which a worker that
// ends says so: it is as if a Node worker had thrown.
func (p *Process) lost(err error) {
	p.mu.Lock()
	left := p.left
	p.state = StateDisconnected
	p.mu.Unlock()
	cause := ErrPrimaryLost
	broken := err != nil && !errors.Is(err, io.ErrUnexpectedEOF)
	if broken {
		cause = fmt.Errorf("%w: the channel of worker %d: %w", ErrPrimaryLost, p.id, err)
	}
	if !left && !p.options.OutlivePrimary {
		if broken {
			slog.Error("worker: " + cause.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	p.cancel(cause)
	p.closeServers()
	close(p.done)
}
