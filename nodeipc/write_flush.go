package nodeipc

import (
	"errors"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// tooManyHandlesPause is how long to wait when the system has too many descriptors in flight: nothing tells when that ends.
const tooManyHandlesPause = 10 * time.Millisecond

// write submits a plain frame and has it written. Where nothing else waits to be, it is written as it is, without a copy.
// c.mu is held.
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
	if first := o.queue.first(); first.lent() {
		first.buffer = o.spares.copy(first.bytes)
		first.bytes = first.buffer
	}
}

// flush writes what is queued until nothing is left or the socket is full. Whoever finds somebody else at it
// leaves his messages to him, so that messages sent at once go out in one write.
func (c *Channel) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushLocked()
}

func (c *Channel) flushLocked() {
	o := &c.out
	o.deferred = false
	if !o.mayFlush() || c.state == disconnected {
		return
	}
	o.flushing, o.gathered = true, 0
	for o.queue.len() > 0 && !o.blocked && !o.stalled && c.state != disconnected {
		if first := o.queue.first(); first.bringsHandle() && !c.handleMayGo() {
			break
		}
		c.writeFirst()
	}
	o.flushing = false
	if c.state == disconnected {
		socket.Close(c.fd)
		return
	}
	c.flushed()
}

// writeFirst writes the first segment, as far as it goes. The lock is free while a plain one is written, so
// that others add theirs meanwhile; a handle could be closed then, and its number be another's.
func (c *Channel) writeFirst() {
	o := &c.out
	first := o.queue.first()
	bytes, fd := first.bytes, c.fd
	o.writes++
	var n int
	var err error
	if first.bringsHandle() {
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
		c.wrote(n)
	case errors.Is(err, ErrWouldBlock):
		o.blocked = true
		c.watch()
	case errors.Is(err, ErrTooManyHandles):
		o.stalled = true
		time.AfterFunc(tooManyHandlesPause, func() { c.loop.Post(c.unblock) })
	default:
		o.stalled = true
		c.loop.Post(func() { c.failed(err) })
	}
}

// wrote takes n bytes off the first segment; its handle has gone with the first of them.
func (c *Channel) wrote(n int) {
	o := &c.out
	first := o.queue.first()
	if first.bringsHandle() {
		first.begun = true
		o.unacked.push(unacked{sent: first.sent})
	}
	o.unread.some = o.unread.some || first.sent == nil
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

// flushed looks after what waits for an empty queue.
func (c *Channel) flushed() {
	o := &c.out
	if o.queue.len() > 0 {
		return
	}
	if o.refused {
		o.refused = false
		c.loop.Post(c.handler.HandleWritable)
	}
	if c.state == disconnecting && o.drained() {
		c.loop.Post(func() { c.end(nil) })
	}
}

// unblock goes on writing once the socket has room, or time has passed.
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

// failed ends a channel that cannot be written, once what the peer had still sent has been read.
func (c *Channel) failed(err error) {
	if errors.Is(err, ErrDisconnected) {
		err = nil
	}
	c.drain()
	c.end(err)
}

// flushSoon has the loop write at the end of its batch. It runs on the loop, with c.mu held.
func (c *Channel) flushSoon() {
	if !c.out.deferred {
		c.out.deferred = true
		c.loop.Defer(c.out.flush)
	}
}
