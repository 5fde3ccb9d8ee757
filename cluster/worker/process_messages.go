package worker

import (
	"context"
	"fmt"
	"net"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc"
)

// Send sends the primary a message, as process.send and [nodeipc.Channel.Send]: anything that the channel's serialization can
// say. It waits while the primary does not read, until ctx ends. It returns ErrNotWorker in a process that runs alone.
func (p *Process) Send(ctx context.Context, message any) error {
	if p.channel == nil {
		return fmt.Errorf("worker: send: %w", ErrNotWorker)
	}
	return p.channel.Send(ctx, message)
}

// Tell sends the primary a message as Send does, and never waits, as [nodeipc.Channel.Tell]: when too much waits for a primary
// that does not read, it returns [nodeipc.ErrNotReading], and the message is not sent. It returns ErrNotWorker in a process that runs
// alone.
func (p *Process) Tell(message any) error {
	if p.channel == nil {
		return fmt.Errorf("worker: tell: %w", ErrNotWorker)
	}
	return p.channel.Tell(message)
}

// Request asks the primary something, and waits for the response, as [nodeipc.Channel.Request], which says how a Node primary
// responds in a few lines. The error is a [*nodeipc.ResponseError] where the primary has responded with an error. It returns
// ErrNotWorker in a process that runs alone.
//
// What the primary asks comes to Receive: a message of which IsRequest reports true, and which [nodeipc.Message.Respond] answers.
func (p *Process) Request(ctx context.Context, body any) (nodeipc.Message, error) {
	if p.channel == nil {
		return nodeipc.Message{}, fmt.Errorf("worker: request: %w", ErrNotWorker)
	}
	return p.channel.Request(ctx, body)
}

// SendConn gives the primary a connection with a message, as [nodeipc.Channel.SendConn]: it is then closed here, and its end does not
// hold up the worker's leaving. On an error it is still the caller's. It returns ErrNotWorker in a process that runs alone.
func (p *Process) SendConn(ctx context.Context, message any, conn net.Conn) error {
	if p.channel == nil {
		return fmt.Errorf("worker: send: %w", ErrNotWorker)
	}
	return p.channel.SendConn(ctx, message, conn)
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
