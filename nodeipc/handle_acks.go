package nodeipc

import (
	"fmt"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// maxRetransmissions is how often a handle is sent again that the peer has not received.
const maxRetransmissions = 3

// sentHandle is a message with a handle until its ACK.
type sentHandle struct {
	message
	retransmissions int
}

// unacked is a place in the order of the ACKs. An offered handle belongs to the handler, who knows it by its tag.
type unacked struct {
	sent *sentHandle
	tag  uint32
}

// handleACK closes the oldest handle in flight, and sends what was held behind it.
func (c *Channel) handleACK() error {
	oldest, err := c.oldestHandle()
	if err != nil || oldest.sent == nil {
		return err
	}
	c.closer.CloseHandle(oldest.sent.handle)
	c.endHold()
	return nil
}

// endHold sends what was held behind a handle that was acknowledged or given up.
func (c *Channel) endHold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.releaseHeld()
	c.flushLocked()
}

// handleNACK sends the oldest handle in flight again, or gives it up.
func (c *Channel) handleNACK() error {
	oldest, err := c.oldestHandle()
	if err != nil {
		return err
	}
	sent := oldest.sent
	switch {
	case sent == nil:
		c.handler.HandleNACK(oldest.tag)
		return nil
	case sent.retransmissions == maxRetransmissions:
		c.closer.CloseHandle(sent.handle)
		c.warn(fmt.Errorf("nodeipc: %w", ErrHandleNotReceived))
		c.endHold()
		return nil
	}
	sent.retransmissions++
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.queued += len(sent.frame)
	c.out.queue.push(segment{bytes: sent.frame, sent: sent})
	c.flushLocked()
	return nil
}

// oldestHandle takes the handle that an ACK or NACK is about out of the order. They come in the order of the handles.
func (c *Channel) oldestHandle() (unacked, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.unacked.len() == 0 {
		return unacked{}, fmt.Errorf("%w: an ACK for no handle", ErrProtocol)
	}
	oldest := c.out.unacked.pop()
	if o := &c.out; socket.MaxHandlesInFlight == 1 && (o.refused || o.queue.len() > 0) {
		c.flushSoon()
	}
	return oldest, nil
}
