package nodeipc

import (
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// unreadPause is how long to wait before looking again whether the peer has read: nothing tells at once when it does.
const unreadPause = time.Millisecond

// unread is what is known of plain messages that the peer may not have read.
type unread struct {
	some     bool // were written
	checking bool // a timer is going to look whether it has read
}

// handleMayGo reports whether a handle may be written now. It may not follow a plain message that the peer has not
// read: a read that returns that message too brings the handle with it, and Deno loses the handle then. c.mu is held.
func (c *Channel) handleMayGo() bool {
	o := &c.out
	if o.unacked.len() >= socket.MaxHandlesInFlight {
		return false
	}
	if o.unread.some = o.unread.some && socket.Unread(c.fd) > 0; o.unread.some {
		c.checkLater()
		return false
	}
	return true
}

func (c *Channel) checkLater() {
	if !c.out.unread.checking {
		c.out.unread.checking = true
		time.AfterFunc(unreadPause, func() {
			c.loop.Post(func() {
				c.mu.Lock()
				c.out.unread.checking = false
				c.mu.Unlock()
				c.tryHandles()
			})
		})
	}
}

// peerWasHeard is called after each read: who writes has likely read before.
func (c *Channel) peerWasHeard() {
	c.mu.Lock()
	waiting := c.out.unread.checking
	c.mu.Unlock()
	if waiting {
		c.tryHandles()
	}
}

// tryHandles lets go what waits for the peer to have read. It runs on the loop.
func (c *Channel) tryHandles() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != disconnected {
		c.flushLocked()
	}
}
