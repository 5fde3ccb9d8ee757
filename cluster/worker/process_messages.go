package worker

import (
	"context"
	"fmt"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// Send sends the primary a message, as process.send and [nodeipc.Channel.Send]. It returns ErrNotWorker in a process
// that runs alone.
func (p *Process) Send(ctx context.Context, message any) error {
	if p.channel == nil {
		return fmt.Errorf("worker: send: %w", ErrNotWorker)
	}
	return p.channel.Send(ctx, message)
}

// SendHandle sends the primary a message with a handle, which is given away unless there is an error, as
// [nodeipc.Channel.SendHandle]. It returns ErrNotWorker in a process that runs alone.
func (p *Process) SendHandle(ctx context.Context, message any, h *handlewrap.Handle) error {
	if p.channel == nil {
		return fmt.Errorf("worker: send: %w", ErrNotWorker)
	}
	return p.channel.SendHandle(ctx, message, h)
}

// SendHandleKeepOpen sends the primary a message with a copy of a handle, which stays the caller's. It returns
// ErrNotWorker in a process that runs alone.
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
