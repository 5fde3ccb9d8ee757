package nodeipc

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// messageCost is what a waiting message counts beside its bytes, so that many small ones are bounded too.
const messageCost = 256

// handleCost is what a waiting handle counts, because a process has fewer descriptors than bytes.
const handleCost = 64 << 10

// inbox keeps messages until Receive takes them, and stops the channel's reading when they are too many. Where a handler has more
// to read and the program does not receive, it drops what comes then.
type inbox struct {
	bareHandler
	channel *Channel

	mu       sync.Mutex
	messages fifo[Message]
	size     int
	full     bool
	closed   bool
	activity receiverActivity
	arrival  chan struct{}

	waiting atomic.Int64 // how many messages waited when the last was taken
}

func newInbox(c *Channel) *inbox { return &inbox{channel: c, arrival: make(chan struct{}, 1)} }

func (b *inbox) HandleMessage(m Message) {
	kept, warning := b.keep(m)
	if !kept {
		closeHandle(m.Handle)
	}
	if warning != nil {
		b.channel.warn(warning)
	}
}

// keep reports whether a message is kept. The first that is not comes with a warning.
func (b *inbox) keep(m Message) (kept bool, warning error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit := b.channel.options.ReceiveBuffer
	switch {
	case b.closed:
		return false, nil
	case b.size > limit && !b.hasReceiver():
		if b.activity.dropped {
			return false, nil
		}
		b.activity.dropped = true
		return false, fmt.Errorf("nodeipc: %w, and more than %d bytes of them wait: call Receive to have them all", ErrNotReceived, limit)
	}
	b.messages.push(m)
	b.size += cost(m)
	if b.size > limit && b.hasReceiver() && !b.full {
		b.full = true
		b.channel.hold(&b.channel.full, true)
		b.scheduleCheck()
	}
	b.notify()
	return true, nil
}

// notify wakes one receiver, which wakes the next.
func (b *inbox) notify() {
	select {
	case b.arrival <- struct{}{}:
	default:
	}
}

func (b *inbox) HandleDisconnect(error) { b.notify() }

func (b *inbox) take() (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.activity.renew()
	if b.messages.len() == 0 {
		return Message{}, false
	}
	m := b.messages.pop()
	b.size -= cost(m)
	if b.full && b.size <= b.channel.options.ReceiveBuffer/2 {
		b.full = false
		b.channel.hold(&b.channel.full, false)
	}
	b.waiting.Store(int64(b.messages.len()))
	if b.messages.len() > 0 {
		b.notify()
	}
	return m, true
}

func (b *inbox) next(ctx context.Context) (Message, error) {
	for {
		if m, ok := b.take(); ok {
			return m, nil
		}
		b.channel.flush() // what Send has deferred
		b.channel.await(ctx, b.hasMessages)
		if m, ok := b.take(); ok {
			return m, nil
		}
		if err := b.wait(ctx); err != nil {
			return Message{}, err
		}
	}
}

// hasMessages reports whether there are messages.
func (b *inbox) hasMessages() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.messages.len() > 0
}

// HasMessages reports whether a message waits for [Channel.Receive], which then does not wait for one.
func (c *Channel) HasMessages() bool { return !c.isZero() && c.inbox.hasMessages() }

// wait waits until there may be messages, or returns why none will come.
func (b *inbox) wait(ctx context.Context) error {
	b.channel.beginWait()
	defer b.channel.endWait()
	select {
	case <-b.arrival:
		return nil
	case <-b.channel.done:
		if b.hasMessages() {
			return nil
		}
		return b.channel.endError()
	case <-ctx.Done():
		return fmt.Errorf("nodeipc: receive: %w", context.Cause(ctx))
	}
}

func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for b.messages.len() > 0 {
		closeHandle(b.messages.pop().Handle)
	}
}

func cost(m Message) int {
	n := len(m.payload) + messageCost
	if m.Handle != nil {
		n += handleCost
	}
	if m.request != nil {
		n += m.request.size
	}
	return n
}

func closeHandle(h *handlewrap.Handle) {
	if h != nil {
		h.Close()
	}
}
