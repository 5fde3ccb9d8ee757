package nodeipc

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// command is what the channel tells its peer about handles.
type command struct {
	Command string `json:"cmd"`
}

var (
	ackCommand  = command{"NODE_HANDLE_ACK"}
	nackCommand = command{"NODE_HANDLE_NACK"}
)

// errNotOpen is the error of sending on a channel that takes nothing, or nothing any more.
var errNotOpen = fmt.Errorf("nodeipc: send: %w", ErrDisconnected)

var errNoRoom = fmt.Errorf("nodeipc: send: %w, and as much as may waits for it: wait with Send on another goroutine", ErrNotReading)

var errNoHandle = fmt.Errorf("nodeipc: send a handle: it is nil, closed or was given away: %w", net.ErrClosed)

// maxScratch is how large a sender's buffer is that is kept for the next.
const maxScratch = 256 << 10

var scratch = sync.Pool{New: func() any { return new([]byte) }}

// Send sends a message: a value that encoding/json can write, a json.RawMessage as it is, or on a channel whose serialization is
// Advanced any value that [structuredclone.Marshal] takes. A [Message] goes on as it came, without its handle, on a channel of the
// serialization in which it came. Messages arrive in the order of the calls, as with process.send in
// Node.
//
// Send returns when the message is written or has its place behind others. It does not tell whether the peer has received it.
// While more messages wait for Receive, a message is written together with those that follow it, after a millisecond at the
// latest.
//
// While more than Options.SendBuffer bytes wait for a peer that does not read, Send waits for room. When ctx ends first, the
// message is not sent, and the error matches ErrNotReading and ctx's. On the channel's loop Send does not wait: it returns
// ErrNotReading at once. It returns ErrDisconnected once either side has disconnected, ErrMessageTooLarge, and an error for a
// value that cannot be encoded.
func (c *Channel) Send(ctx context.Context, message any) error {
	return c.send(message, nil, func(room <-chan struct{}) error { return c.awaitRoom(ctx, room) })
}

// Tell sends a message as Send does, but never waits. When more than Options.SendBuffer bytes wait for a peer that does not read,
// and the bytes of one large message beside them, it returns ErrNotReading. The message is then not sent, and the channel goes
// on.
func (c *Channel) Tell(message any) error { return c.send(message, nil, nil) }

// SendHandle sends a message with a handle, as process.send(message, handle) does in Node. The peer gets both together. It blocks
// and fails as Send does, and fails when the handle is nil or empty.
//
// When it returns nil, the handle belongs to the channel and h is empty. The channel closes the handle once the peer has
// acknowledged it. What is sent afterwards waits for that. On an error the handle is still the caller's.
func (c *Channel) SendHandle(ctx context.Context, message any, h *handlewrap.Handle) error {
	if h == nil || h.FD() < 0 {
		return errNoHandle
	}
	return c.send(message, h, func(room <-chan struct{}) error { return c.awaitRoom(ctx, room) })
}

// SendHandleKeepOpen is SendHandle with Node's option keepOpen: the peer gets a duplicate, and the handle stays the caller's.
func (c *Channel) SendHandleKeepOpen(ctx context.Context, message any, h *handlewrap.Handle) error {
	if h == nil {
		return errNoHandle
	}
	dup, err := h.Dup()
	if err != nil {
		return fmt.Errorf("nodeipc: send a handle: %w", err)
	}
	dup.SetServerKey(h.ServerKey())
	if err := c.SendHandle(ctx, message, dup); err != nil {
		dup.Close()
		return err
	}
	return nil
}

// send sends a message as soon as there is room for it, for which wait waits, or returns why it was not sent. Without wait there
// has to be room at once.
func (c *Channel) send(v any, h *handlewrap.Handle, wait func(room <-chan struct{}) error) error {
	if c.isZero() {
		return errNotOpen
	}
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	frame, err := c.encode((*buf)[:0], v, h)
	if err != nil {
		return err
	}
	if cap(frame) <= maxScratch {
		*buf = frame
	}
	for {
		room, err := c.trySend(frame, h, wait == nil)
		switch {
		case err != nil || room == nil:
			return err
		case wait == nil:
			return errNoRoom
		}
		if err := wait(room); err != nil {
			return err
		}
	}
}

// awaitRoom waits until there may be room. On the loop, which is what makes room, it fails.
func (c *Channel) awaitRoom(ctx context.Context, room <-chan struct{}) error {
	if c.onLoop() {
		return errNoRoom
	}
	c.await(ctx, func() bool {
		select {
		case <-room:
			return true
		default:
			return false
		}
	})
	c.beginWait()
	defer c.endWait()
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("nodeipc: send: %w: %w", ErrNotReading, context.Cause(ctx))
	}
}

// encode appends the frame of a message: v alone, or v in the envelope of a handle.
func (c *Channel) encode(dst []byte, v any, h *handlewrap.Handle) (_ []byte, err error) {
	if m, ok := v.(Message); ok && h == nil {
		dst, err = m.appendFrame(dst, c.codec, c.peerDialect())
	} else if h == nil {
		dst, err = c.codec.AppendFrame(dst, c.peerDialect(), v)
	} else {
		e := codec.Envelope{Type: string(h.Type()), Key: h.ServerKey(), DgramType: h.DgramType()}
		dst, err = c.codec.AppendSealed(dst, c.peerDialect(), e, rawOf(v))
	}
	if err != nil {
		return dst, err
	}
	if len(dst) > c.options.MaxMessageSize {
		return dst, fmt.Errorf("nodeipc: send: %w of %d bytes", ErrMessageTooLarge, c.options.MaxMessageSize)
	}
	return dst, nil
}

// trySend queues a frame, or returns what to wait for where there is no room. With cannotWait there is room for a large message
// more, so that one under way is not taken for a peer that does not read.
func (c *Channel) trySend(frame []byte, h *handlewrap.Handle, cannotWait bool) (<-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != connected {
		return nil, errNotOpen
	}
	limit := c.options.SendBuffer
	if cannotWait {
		limit += c.out.sent
	}
	if room := c.out.roomFor(limit); room != nil {
		return room, nil
	}
	c.out.sent = max(c.out.sent, len(frame))
	switch {
	case h != nil || c.out.holding:
		if h != nil {
			h = h.WithType(h.Type()) // the caller's is empty, so that closing it does no harm
		}
		c.out.submit(message{frame: slices.Clone(frame), handle: h}) // the sender uses its buffer again
		c.flushLocked()
	case c.deferWrite(len(frame)):
		c.out.submit(message{frame: frame})
	case cannotWait && c.writeLater(frame):
	default:
		c.write(frame)
	}
	return nil, nil
}
