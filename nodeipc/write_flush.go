package nodeipc

import (
	"errors"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// tooManyHandlesPause is how long to wait when the system takes no descriptor for now. Nothing tells when that ends.
const tooManyHandlesPause = 10 * time.Millisecond

// write queues a plain frame and flushes. Where nothing else is queued, the frame is written from where it is, without a copy.
// The caller holds c.mu.
func (c *Channel) write(frame []byte) {
	o := &c.out
	if !o.idle() {
		o.submit(message{frame: frame})
		c.flushLocked()
		return
	}
	o.queued += len(frame)
	o.queue.push(segment{bytes: frame})
	c.flushLocked()
	if o.queue.len() == 0 {
		return
	}
	if first := o.queue.first(); first.isBorrowed() {
		first.buffer = o.spares.copy(first.bytes)
		first.bytes = first.buffer
	}
}

// flush writes what is queued until nothing is left or the socket is full. One goroutine writes at a time, the flusher. Another
// that finds it writing leaves its messages in the queue, and the flusher writes them too. So messages that are sent at once go
// out in one write.
func (c *Channel) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushLocked()
}

func (c *Channel) flushLocked() {
	o := &c.out
	o.flushScheduled = false
	if !o.canFlush() || c.state == disconnected {
		return
	}
	o.flushing, o.batched = true, 0
	for o.queue.len() > 0 && !o.blocked && !o.stalled && c.state != disconnected {
		if first := o.queue.first(); first.handlePending() && !c.canSendHandle() {
			break
		}
		c.writeFirst()
	}
	o.flushing = false
	if c.state == disconnected {
		c.closer.CloseLater(c.fd)
		return
	}
	c.afterFlush()
}

// writeFirst writes the first segment, as far as it goes. While it writes a plain one the lock is free, so that other goroutines
// add theirs. With a handle the lock is held: the handle could be closed meanwhile, and its number be another's.
func (c *Channel) writeFirst() {
	o := &c.out
	first := o.queue.first()
	bytes, fd := first.bytes, c.fd
	o.writes++
	var n int
	var err error
	if first.handlePending() {
		n, err = socket.Transmit(fd, bytes, first.sent.handle.FD())
	} else {
		c.mu.Unlock()
		n, err = socket.Transmit(fd, bytes, -1)
		c.mu.Lock()
	}
	if c.state == disconnected {
		return
	}
	switch {
	case err == nil:
		c.advance(n)
	case errors.Is(err, ErrWouldBlock):
		o.blocked = true
		c.watch()
	case errors.Is(err, ErrTooManyHandles), errors.Is(err, socket.ErrNoRoom):
		c.stall()
	default:
		o.stalled = true
		c.loop.Post(func() { c.failWrite(err) })
	}
}

// stall stops writing for a while. The caller holds c.mu.
func (c *Channel) stall() {
	c.out.stalled = true
	time.AfterFunc(tooManyHandlesPause, func() { c.loop.Post(c.unblock) })
}

// advance takes n bytes off the first segment. Its handle has gone with the first of them.
func (c *Channel) advance(n int) {
	o := &c.out
	first := o.queue.first()
	if first.handlePending() {
		first.begun = true
		c.handleSent(first.sent)
	}
	o.unread.written = o.unread.written || first.sent == nil
	o.queued -= n
	first.bytes = first.bytes[n:]
	if len(first.bytes) == 0 {
		o.spares.keep(o.queue.pop().buffer)
	}
	if o.queued == 0 {
		o.sent = 0
	}
	if o.queued < c.options.SendBuffer {
		o.notifyRoom()
	}
}

// handleSent is for a handle that has gone out.
func (c *Channel) handleSent(sent *sentHandle) {
	if sent.forwarding != notForwarded {
		c.out.queued -= forwardedCost
	}
	c.out.unacked.push(unacked{sent: sent})
}

// afterFlush does what waits for an empty queue.
func (c *Channel) afterFlush() {
	o := &c.out
	if o.queue.len() > 0 {
		return
	}
	if o.refused {
		o.refused = false
		c.loop.Post(c.handler.HandleWritable)
	}
	if c.state == disconnecting && o.drained() {
		c.loop.Post(c.finish)
	}
}

// unblock goes on writing once the socket has room, or once a pause is over.
func (c *Channel) unblock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == disconnected {
		return
	}
	c.out.blocked, c.out.stalled = false, false
	c.flushLocked()
	c.watch()
}

// failWrite ends a channel that cannot be written, after what the peer has still sent was read.
func (c *Channel) failWrite(err error) {
	if errors.Is(err, ErrDisconnected) {
		err = nil
	}
	c.drain()
	c.end(err)
}

// flushSoon has the loop flush at the end of its batch of events. It runs on the loop, and the caller holds c.mu.
func (c *Channel) flushSoon() {
	if !c.out.flushScheduled {
		c.out.flushScheduled = true
		c.loop.Defer(c.out.flush)
	}
}
