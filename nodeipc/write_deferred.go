package nodeipc

import "time"

// maxDeferral is how long a deferred message waits.
const maxDeferral = time.Millisecond

// deferredWrite is the timer that writes deferred messages.
type deferredWrite struct {
	scheduled bool // the timer runs
	timer     *time.Timer
}

// Cork has small messages wait until [Channel.Uncork], so that they are written together. It is for a program that has several at hand. None
// waits for longer than a millisecond, nor for more than 15 others, and what may wait for a peer that does not read is as without it.
func (c *Channel) Cork() {
	if c.isZero() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.corked = true
}

// Uncork writes what has waited since [Channel.Cork]. Without that it does nothing.
func (c *Channel) Uncork() {
	if c.isZero() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.corked {
		c.out.corked = false
		c.flushLocked()
	}
}

// deferWrite reports whether a plain frame is queued only, and written later with others. That is so on a corked channel, and while more messages
// wait in the inbox: the receiver, which answers one, is going to take the next, and Receive writes what is queued when there is none. So
// many answers go out together, and the answer to a single message goes out at once. The caller holds c.mu.
func (c *Channel) deferWrite(size int) bool {
	o := &c.out
	if !o.corked && c.inbox.waiting.Load() == 0 || o.queued+size > maxCoalesced || o.batched >= maxBatched {
		return false
	}
	o.batched++
	if !o.deferredWrite.scheduled {
		o.deferredWrite.scheduled = true
		if o.deferredWrite.timer == nil {
			o.deferredWrite.timer = time.AfterFunc(maxDeferral, c.writeDeferred)
		} else {
			o.deferredWrite.timer.Reset(maxDeferral)
		}
	}
	return true
}

// writeDeferred writes what is queued when the receiver has not come back.
func (c *Channel) writeDeferred() {
	c.inbox.waiting.Store(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.deferredWrite.scheduled = false
	c.flushLocked()
}

// writeLater reports whether a plain frame is queued only, to be written with others at the end of the batch of events that the loop has
// under way. So what several peers send at once goes out to another in one write. It is for channels that share their loop. The caller holds
// c.mu.
func (c *Channel) writeLater(frame []byte) bool {
	o := &c.out
	if c.ownLoop || len(frame) > o.maxCoalesced || o.batched+1 >= maxBatched || !o.canFlush() {
		return false
	}
	if !o.flushScheduled {
		if !c.loop.Later(o.flush) {
			return false
		}
		o.flushScheduled = true
	}
	o.batched++
	o.submit(message{frame: frame})
	return true
}
