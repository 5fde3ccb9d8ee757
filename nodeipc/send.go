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

// What the channel says to its peer of handles, in the shape of any message.
type command struct {
	Command string `json:"cmd"`
}

var (
	ackCommand  = command{"NODE_HANDLE_ACK"}
	nackCommand = command{"NODE_HANDLE_NACK"}
)

var errNoHandle = fmt.Errorf("nodeipc: send a handle: it is nil, closed or was given away: %w", net.ErrClosed)

// mostScratch is how large a buffer of a sender may be that is kept for the next.
const mostScratch = 256 << 10

var scratch = sync.Pool{New: func() any { return new([]byte) }}

// Send sends a message: whatever JSON can say, a json.RawMessage as it is, and on a channel whose serialization is
// Advanced all that [structuredclone.Marshal] takes. It returns when the message is
// written or has its place behind others: while messages wait for Receive, what is sent in answer to the others goes
// out together, after a millisecond at the latest. While more than Options.SendBuffer bytes wait for a peer that does
// not read, it waits for room or for ctx, and then the message is not sent. Messages arrive in the order
// of the calls. It returns ErrDisconnected on a channel that is disconnecting, ErrMessageTooLarge, or why the
// value cannot be encoded.
func (c *Channel) Send(ctx context.Context, message any) error {
	return c.send(ctx, message, nil)
}

// SendHandle sends a message with a handle, which is the channel's from then on and is closed once the peer
// has it, as Node does with a socket: h is empty afterwards. When it returns an error the handle is still the caller's.
// What is sent afterwards waits until the peer has acknowledged the handle. Else it is as Send.
func (c *Channel) SendHandle(ctx context.Context, message any, h *handlewrap.Handle) error {
	if h == nil || h.FD() < 0 {
		return errNoHandle
	}
	return c.send(ctx, message, h)
}

// SendHandleKeepOpen is SendHandle with Node's option keepOpen: the peer gets a copy, and the handle stays
// the caller's.
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

func (c *Channel) send(ctx context.Context, v any, h *handlewrap.Handle) error {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	frame, err := c.encode((*buf)[:0], v, h)
	if err != nil {
		return err
	}
	if cap(frame) <= mostScratch {
		*buf = frame
	}
	for {
		room, err := c.trySend(frame, h)
		if err != nil || room == nil {
			return err
		}
		if err := c.awaitRoom(ctx, room); err != nil {
			return err
		}
	}
}

func (c *Channel) awaitRoom(ctx context.Context, room <-chan struct{}) error {
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

// encode appends the frame of a message, which may be v alone or v in the envelope of a handle.
func (c *Channel) encode(dst []byte, v any, h *handlewrap.Handle) (_ []byte, err error) {
	if h == nil {
		dst, err = c.codec.AppendFrame(dst, c.speaks(), v)
	} else {
		e := codec.Envelope{Type: string(h.Type()), Key: h.ServerKey(), DgramType: h.DgramType()}
		dst, err = c.codec.AppendSealed(dst, c.speaks(), e, v)
	}
	if err != nil {
		return dst, err
	}
	if len(dst) > c.options.MaxMessageSize {
		return dst, fmt.Errorf("nodeipc: send: %w of %d bytes", ErrMessageTooLarge, c.options.MaxMessageSize)
	}
	return dst, nil
}

// trySend submits a frame, or returns what to wait for where there is no room.
func (c *Channel) trySend(frame []byte, h *handlewrap.Handle) (<-chan struct{}, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != connected {
		return nil, fmt.Errorf("nodeipc: send: %w", ErrDisconnected)
	}
	if room := c.out.roomFor(c.options.SendBuffer); room != nil {
		return room, nil
	}
	c.out.sent = max(c.out.sent, len(frame))
	switch {
	case h != nil || c.out.holding:
		if h != nil {
			h = h.WithType(h.Type()) // the caller's is empty, so that closing it does no harm
		}
		c.out.submit(message{frame: slices.Clone(frame), handle: h}) // it is kept, and the sender's buffer is used again
		c.flushLocked()
	case c.mayLeave(len(frame)):
		c.out.submit(message{frame: frame})
	default:
		c.write(frame)
	}
	return nil, nil
}
