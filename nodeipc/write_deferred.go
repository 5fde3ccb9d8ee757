package nodeipc

import "time"

// maxDeferral is how long a message waits for whoever receives to write it.
const maxDeferral = time.Millisecond

// leftover is what was left to whoever receives.
type leftover struct {
	waits bool // the timer is going to write it
	timer *time.Timer
}

// mayLeave reports whether a plain frame may be left to whoever took the last message: others stand behind that, so that he
// is going to send more, or to ask for the next and find none. So answers go out together, and an answer to the only
// question at once. c.mu is held.
func (c *Channel) mayLeave(size int) bool {
	o := &c.out
	if c.inbox.behind.Load() == 0 || o.queued+size > maxCoalesced || o.gathered >= maxBatched {
		return false
	}
	o.gathered++
	if !o.leftover.waits {
		o.leftover.waits = true
		if o.leftover.timer == nil {
			o.leftover.timer = time.AfterFunc(maxDeferral, c.writeLeft)
		} else {
			o.leftover.timer.Reset(maxDeferral)
		}
	}
	return true
}

// writeLeft writes what was left to one who has not come back.
func (c *Channel) writeLeft() {
	c.inbox.behind.Store(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.leftover.waits = false
	c.flushLocked()
}
