package nodeipc

import (
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// unreadPause is how long to wait before checking again whether the peer has read. Nothing tells when it does.
const unreadPause = time.Millisecond

// unread is what is known of plain messages that the peer may not have read.
type unread struct {
	written  bool // there are some
	checking bool // a timer is going to check whether the peer has read
}

// canSendHandle reports whether a handle may be written now. It must not follow a plain message that the peer has not read: a
// read that returns that message too brings the handle with it, and Deno loses the handle then. The caller holds c.mu.
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

// afterRead is called after each read: a peer that writes has likely read before.
func (c *Channel) afterRead() {
	c.mu.Lock()
	waiting := c.out.unread.checking
	c.mu.Unlock()
	if waiting {
		c.flushHandles()
	}
}

// flushHandles writes what waits until the peer has read. It runs on the loop.
func (c *Channel) flushHandles() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != disconnected {
		c.flushLocked()
	}
}
