package nodeipc

import "time"

// maxDeferral is how long a message waits for whoever receives to write it.
const maxDeferral = time.Millisecond

// leftover is what was left to whoever receives.
type deferredWrite struct {
	scheduled bool // the timer is going to write it
	timer     *time.Timer
}

// mayLeave reports whether a plain frame may be left to whoever took the last message: others stand behind that, so that he
// is going to send more, or to ask for the next and find none. So answers go out together, and an answer to the only
// question at once. c.mu is held.
func (c *Channel) deferWrite(size int) bool {
	o := &c.out
	if c.inbox.waiting.Load() == 0 || o.queued+size > maxCoalesced || o.batched >= maxBatched {
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

// writeLeft writes what was left to one who has not come back.
func (c *Channel) writeDeferred() {
	c.inbox.waiting.Store(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.deferredWrite.scheduled = false
	c.flushLocked()
}
