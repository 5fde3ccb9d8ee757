package egg

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/nodecluster/nodecluster/nodeipc"
)

// maxWaiting is how many bytes of messages wait for a process that does not read, beside those that its channel holds. A message counts as
// messageCost bytes more than it has.
const (
	maxWaiting  = 16 << 20
	messageCost = 128
)

// sender is a channel to a process.
type sender interface {
	Tell(message any) error
	Send(ctx context.Context, message any) error
}

// An outbox sends messages to a process in their order, and delays nobody who sends them. What the channel has no room for waits, up to maxWaiting;
// what comes beyond that is dropped and counted.
type outbox struct {
	channel sender
	ctx     context.Context // which ends the waiting
	// unread is called when the first message is dropped, with 0, and with the number of those that were when there is room again. It must not block.
	unread  func(dropped int)
	writers *sync.WaitGroup

	mu      sync.Mutex
	busy    bool // a goroutine waits for room
	waiting []json.RawMessage
	size    int
	dropped int
}

// Tell sends a message. The bytes must not be changed afterwards.
func (o *outbox) Tell(message json.RawMessage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.busy {
		if !errors.Is(o.channel.Tell(message), nodeipc.ErrNotReading) {
			return // it is sent, or the channel has ended
		}
		o.busy = true
		o.writers.Go(o.write)
	}
	o.keep(message)
}

// keep puts a message behind others. The caller holds mu.
func (o *outbox) keep(message json.RawMessage) {
	if o.size+len(message)+messageCost > maxWaiting {
		if o.dropped++; o.dropped == 1 {
			o.unread(0)
		}
		return
	}
	o.size += len(message) + messageCost
	o.waiting = append(o.waiting, message)
}

// write sends what waits, as soon as there is room.
func (o *outbox) write() {
	for {
		messages := o.take()
		if messages == nil {
			return
		}
		for _, m := range messages {
			if o.channel.Send(o.ctx, m) != nil {
				o.abandon()
				return
			}
			o.sent(m)
		}
	}
}

// take is what waits, nil if nothing does.
func (o *outbox) take() []json.RawMessage {
	o.mu.Lock()
	defer o.mu.Unlock()
	messages := o.waiting
	o.waiting = nil
	o.busy = messages != nil
	return messages
}

func (o *outbox) sent(m json.RawMessage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size -= len(m) + messageCost
	if o.dropped > 0 {
		o.unread(o.dropped)
		o.dropped = 0
	}
}

// abandon is for a channel that has ended.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting, o.size, o.busy = nil, 0, false
}
