package nodeipc

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// messageCost is what a waiting message costs beside its bytes, so that many small ones are bounded too.
const messageCost = 256

// handleCost is what a waiting handle costs, because a process has fewer descriptors than memory.
const handleCost = 64 << 10

// inbox keeps messages until somebody asks for them, and stops the channel's reading when they are too many.
type inbox struct {
	channel *Channel

	mu       sync.Mutex
	messages fifo[Message]
	size     int
	full     bool
	closed   bool
	arrival  chan struct{}

	behind atomic.Int64 // how many messages stood behind the last that was taken
}

func newInbox(c *Channel) *inbox { return &inbox{channel: c, arrival: make(chan struct{}, 1)} }

func (b *inbox) HandleMessage(m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		closeHandle(m)
		return
	}
	b.messages.push(m)
	b.size += cost(m)
	if b.size > b.channel.options.ReceiveBuffer && !b.full {
		b.full = true
		b.channel.hold(&b.channel.full, true)
	}
	b.notify()
}

// notify wakes one who waits; that one wakes the next.
func (b *inbox) notify() {
	select {
	case b.arrival <- struct{}{}:
	default:
	}
}

// HandleInternal has nobody to give the message to: a plain parent or child has no business but the channel's.
func (b *inbox) HandleInternal(m Message) { closeHandle(m) }

func (b *inbox) HandleNACK(uint32) {}

func (b *inbox) HandleWritable() {}

func (b *inbox) HandleDisconnect(error) { b.notify() }

func (b *inbox) take() (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.messages.len() == 0 {
		return Message{}, false
	}
	m := b.messages.pop()
	b.size -= cost(m)
	if b.full && b.size <= b.channel.options.ReceiveBuffer/2 {
		b.full = false
		b.channel.hold(&b.channel.full, false)
	}
	b.behind.Store(int64(b.messages.len()))
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
		b.channel.flush() // what Send left
		b.channel.await(ctx, b.any)
		if m, ok := b.take(); ok {
			return m, nil
		}
		if err := b.wait(ctx); err != nil {
			return Message{}, err
		}
	}
}

// any says whether there are messages.
func (b *inbox) any() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.messages.len() > 0
}

// wait waits until there may be messages, or says why none will come.
func (b *inbox) wait(ctx context.Context) error {
	b.channel.beginWait()
	defer b.channel.endWait()
	select {
	case <-b.arrival:
		return nil
	case <-b.channel.done:
		if b.any() {
			return nil
		}
		if err := b.channel.Err(); err != nil {
			return fmt.Errorf("%w: %w", ErrDisconnected, err)
		}
		return ErrDisconnected
	case <-ctx.Done():
		return fmt.Errorf("nodeipc: receive: %w", context.Cause(ctx))
	}
}

func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for b.messages.len() > 0 {
		closeHandle(b.messages.pop())
	}
}

func cost(m Message) int {
	if m.Handle != nil {
		return len(m.payload) + messageCost + handleCost
	}
	return len(m.payload) + messageCost
}

func closeHandle(m Message) {
	if m.Handle != nil {
		m.Handle.Close()
	}
}
