package nodeipc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/nodecluster/nodecluster/handlewrap"
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

var scratch = sync.Pool{New: func() any { return new([]byte) }}

// Send sends a message: whatever JSON can say, a json.RawMessage as it is. It returns when the message is
// written or has its place behind others; while more than Options.SendBuffer bytes wait for a peer that does
// not read, it waits for room or for ctx, and then the message is not sent. Messages arrive in the order
// of the calls. It returns ErrDisconnected on a channel that is disconnecting, ErrMessageTooLarge, or why the
// value cannot be encoded.
func (c *Channel) Send(ctx context.Context, message any) error {
	return c.send(ctx, message, nil)
}

// SendHandle sends a message with a handle, which is the channel's from then on and is closed once the peer
// has it, as Node does with a socket. When it returns an error the handle is still the caller's. What is sent
// afterwards waits until the peer has acknowledged the handle. Else it is as Send.
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
	if cap(frame) <= mostCoalesced {
		*buf = frame
	}
	for {
		room, err := c.trySend(frame, h)
		if err != nil || room == nil {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done():
			return fmt.Errorf("nodeipc: send: %w: %w", ErrNotReading, context.Cause(ctx))
		}
	}
}

// encode appends the frame of a message, which may be v alone or v in the envelope of a handle.
func (c *Channel) encode(dst []byte, v any, h *handlewrap.Handle) ([]byte, error) {
	payload, err := c.codec.encode(nil, v)
	if err != nil {
		return dst, err
	}
	if h == nil {
		dst = c.wire().frame(dst, payload)
	} else {
		e := envelope{Type: string(h.Type()), Key: h.ServerKey(), DgramType: h.DgramType()}
		if dst, err = c.wire().seal(dst, e, payload); err != nil {
			return dst, err
		}
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
	if h != nil || c.out.holding {
		frame = slices.Clone(frame) // it is kept, and the sender's buffer is used again
	}
	c.out.submit(message{frame: frame, handle: h})
	c.flushLocked()
	return nil, nil
}

// Post sends a message from within the loop. It never waits: the message is written at the end of the loop's
// batch, and a peer that lets the answers to its questions pile up gets ErrNotReading, on which the caller
// should close the channel. A handle, if not nil, is the channel's afterwards, in any case.
func (c *Channel) Post(v any, h *handlewrap.Handle) error {
	frame, err := c.encode(nil, v, h)
	if err == nil {
		err = c.post(message{frame: frame, handle: h}, (*outgoing).submit)
	}
	if err != nil && h != nil {
		h.Close()
	}
	return err
}

// Tell sends a message without ever waiting, from any goroutine. It is for the few and small ones of a protocol
// above, whose number is bounded there.
func (c *Channel) Tell(v any) error {
	frame, err := c.encode(nil, v, nil)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != connected {
		return fmt.Errorf("nodeipc: send: %w", ErrDisconnected)
	}
	c.out.submit(message{frame: frame})
	c.flushLocked()
	return nil
}

// reply answers the peer about a handle; ACKs are never held back.
func (c *Channel) reply(answer command) error {
	frame, err := c.encode(nil, answer, nil)
	if err != nil {
		return err
	}
	err = c.post(message{frame: frame}, func(o *outgoing, m message) {
		o.queued += len(m.frame)
		o.enqueue(m)
	})
	if errors.Is(err, ErrDisconnected) {
		return nil
	}
	return err
}

func (c *Channel) post(m message, place func(*outgoing, message)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == disconnected {
		return ErrDisconnected
	}
	if err := c.out.roomForReply(c.options.SendBuffer); err != nil {
		return err
	}
	place(&c.out, m)
	c.flushSoon()
	return nil
}
