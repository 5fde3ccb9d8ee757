package nodeipc

import (
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// unreadPause is how long to wait before looking again whether the peer has read: nothing tells at once when it does.
const unreadPause = time.Millisecond

// unread is what is known of plain messages that the peer may not have read.
type unread struct {
	written  bool // were written
	checking bool // a timer is going to look whether it has read
}

// handleMayGo reports whether a handle may be written now. It may not follow a plain message that the peer has not
// read: a read that returns that message too brings the handle with it, and Deno loses the handle then. c.mu is held.
func (c *Channel) canSendHandle() bool {
	o := &c.out
	if o.unacked.len() >= socket.MaxHandlesInFlight {
		return false
	}
	if o.unread.written = o.unread.written && socket.Unread(c.fd) > 0; o.unread.written {
		c.checkUnreadLater()
		return false
	}
	return true
}

func (c *Channel) checkUnreadLater() {
	if !c.out.unread.checking {
		c.out.unread.checking = true
		time.AfterFunc(unreadPause, func() {
			c.loop.Post(func() {
				c.mu.Lock()
				c.out.unread.checking = false
				c.mu.Unlock()
				c.flushHandles()
			})
		})
	}
}

// peerWasHeard is called after each read: who writes has likely read before.
func (c *Channel) afterRead() {
	c.mu.Lock()
	waiting := c.out.unread.checking
	c.mu.Unlock()
	if waiting {
		c.flushHandles()
	}
}

// tryHandles lets go what waits for the peer to have read. It runs on the loop.
func (c *Channel) flushHandles() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != disconnected {
		c.flushLocked()
	}
}
