// Package outbox keeps what a process has no room for until it reads, so that who sends to it need not wait.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// MaxWaiting is how many bytes of messages wait for a process, beside those that its channel holds.
const MaxWaiting = 16 << 20

// messageCost is what a message counts beside its bytes.
const messageCost = 512

// errFull is why a message is dropped.
var errFull = fmt.Errorf("%w, and %d MiB wait for it", nodeipc.ErrNotReading, MaxWaiting>>20)

// Channel is a channel to a process, such as a [nodeipc.Channel].
type Channel interface {
	Tell(message any) error
	Send(ctx context.Context, message any) error
}

// An Outbox sends messages to a process in their order. What the channel has no room for waits, up to 16 MiB; what comes beyond that is
// dropped. Its methods may be called from any goroutine.
type Outbox struct {
	channel Channel
	ctx     context.Context
	writers *sync.WaitGroup
	unread  func(dropped int)

	mu      sync.Mutex
	busy    bool // a goroutine waits for room
	closed  bool
	waiting []any
	size    int
	dropped int
}

// New makes an outbox of a channel, which stays the caller's. While something waits there is a goroutine among writers, until the channel or
// ctx ends. unread is called when the first message is dropped, with 0, and once there is room again, with the number of those that were. It
// must not block, nor use the outbox.
func New(ctx context.Context, channel Channel, writers *sync.WaitGroup, unread func(dropped int)) *Outbox {
	return &Outbox{channel: channel, ctx: ctx, writers: writers, unread: unread}
}

// Tell sends a message, or has it wait, and does not wait itself. A message that is dropped has an error that matches
// [nodeipc.ErrNotReading]. The other errors are those of the channel's Tell. The message must not be changed afterwards.
func (o *Outbox) Tell(message any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.busy {
		if err := o.channel.Tell(message); !errors.Is(err, nodeipc.ErrNotReading) {
			return err
		}
		if o.closed {
			return nodeipc.ErrDisconnected
		}
		o.busy = true
		o.writers.Go(o.write)
	}
	return o.keep(message)
}

// Close has no goroutine begin any more.
func (o *Outbox) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}

// keep puts a message behind others. The caller holds mu.
func (o *Outbox) keep(message any) error {
	cost := costOf(message)
	if o.size+cost > MaxWaiting {
		if o.dropped++; o.dropped == 1 {
			o.unread(0)
		}
		return errFull
	}
	o.size += cost
	o.waiting = append(o.waiting, message)
	return nil
}

// write sends what waits, as soon as there is room. What cannot be sent at all, as it is too large, is left out.
func (o *Outbox) write() {
	for {
		messages := o.take()
		if messages == nil {
			return
		}
		for _, m := range messages {
			if err := o.channel.Send(o.ctx, m); errors.Is(err, nodeipc.ErrDisconnected) || o.ctx.Err() != nil {
				o.abandon()
				return
			}
			o.sent(m)
		}
	}
}

// take is what waits, nil if nothing does.
func (o *Outbox) take() []any {
	o.mu.Lock()
	defer o.mu.Unlock()
	messages := o.waiting
	o.waiting = nil
	o.busy = messages != nil
	return messages
}

func (o *Outbox) sent(message any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size -= costOf(message)
	if o.dropped > 0 {
		o.unread(o.dropped)
		o.dropped = 0
	}
}

// abandon is for a channel that has ended.
func (o *Outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting, o.size, o.busy = nil, 0, false
}

// costOf is what a message counts that waits. One that was written before has its bytes; others are small.
func costOf(message any) int {
	switch m := message.(type) {
	case nodeipc.Message:
		return messageCost + len(m.Payload())
	case json.RawMessage:
		return messageCost + len(m)
	case structuredclone.RawMessage:
		return messageCost + len(m)
	default:
		return 2 * messageCost
	}
}
