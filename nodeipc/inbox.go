package nodeipc

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// messageCost is what a waiting message costs beside its bytes, so that many small ones are bounded too.
const messageCost = 256

// handleCost is what a waiting handle costs, because a process has fewer descriptors than memory.
const handleCost = 64 << 10

// inbox keeps messages until somebody asks for them, and stops the channel's reading when they are too many. Where a
// handler has more to read and nobody listens, it drops what comes then.
type inbox struct {
	bareHandler
	channel *Channel

	mu        sync.Mutex
	messages  fifo[Message]
	size      int
	full      bool
	closed    bool
	listening attention
	arrival   chan struct{}

	behind atomic.Int64 // how many messages stood behind the last that was taken
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

// keep reports whether a message is kept, and what is to be said of it if it is the first that is not.
func (b *inbox) keep(m Message) (kept bool, warning error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit := b.channel.options.ReceiveBuffer
	switch {
	case b.closed:
		return false, nil
	case b.size > limit && !b.isAttended():
		if b.listening.drops {
			return false, nil
		}
		b.listening.drops = true
		return false, fmt.Errorf("nodeipc: %w, and more than %d bytes of them wait: call Receive to have them all", ErrNotReceived, limit)
	}
	b.messages.push(m)
	b.size += cost(m)
	if b.size > limit && b.isAttended() && !b.full {
		b.full = true
		b.channel.hold(&b.channel.full, true)
		b.watchOver()
	}
	b.notify()
	return true, nil
}

// notify wakes one who waits; that one wakes the next.
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
	b.listening.renew()
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

// any reports whether there are messages.
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
