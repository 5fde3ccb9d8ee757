package nodeipc

import (
	"fmt"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
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

// handleAnswer is for what the peer says of a handle in flight.
func (c *Channel) handleAnswer(kind codec.Kind, oldest unacked) {
	switch {
	case kind == codec.NACK:
		c.handleNACK(oldest)
	case oldest.sent != nil:
		c.closer.CloseHandle(oldest.sent.handle)
		c.endHold()
	}
}

// endHold sends what was held behind a handle that was acknowledged or given up.
func (c *Channel) endHold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.releaseHeld()
	c.flushLocked()
}

// handleNACK sends a handle again, or gives it up.
func (c *Channel) handleNACK(oldest unacked) {
	sent := oldest.sent
	switch {
	case sent == nil:
		c.handler.HandleNACK(oldest.tag)
		return
	case sent.retransmissions == maxRetransmissions:
		c.closer.CloseHandle(sent.handle)
		c.warn(fmt.Errorf("nodeipc: %w", ErrHandleNotReceived))
		c.endHold()
		return
	}
	sent.retransmissions++
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.queued += len(sent.frame)
	c.out.queue.push(segment{bytes: sent.frame, sent: sent})
	c.flushLocked()
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
