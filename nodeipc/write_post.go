package nodeipc

import (
	"errors"
	"slices"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// Post sends a message from the loop, without ever waiting: it is written at the end of the loop's batch of events. h may be nil;
// else the handle belongs to the channel in any case, also on an error, and is closed once the peer has it.
//
// It returns ErrNotReading when as much as may waits for a peer that does not read. The message is then not sent, and the caller
// should end the channel with Fail. It returns ErrDisconnected, ErrMessageTooLarge, or why the value cannot be encoded.
func (l LoopChannel) Post(v any, h *handlewrap.Handle) error {
	c := l.channel
	if c.isZero() {
		closeHandle(h)
		return ErrDisconnected
	}
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	frame, err := c.encode((*buf)[:0], v, h)
	if cap(frame) <= maxScratch {
		*buf = frame
	}
	if err == nil {
		err = c.post(message{frame: frame, handle: h}, (*outgoing).submit)
	}
	if err != nil {
		closeHandle(h)
	}
	return err
}

// TellOrFail sends a message as [Channel.Tell] does, and may be called from any goroutine too. It is for messages that a protocol
// cannot do without. It has the room that Post has, and a peer that lets even that fill up loses its channel, with ErrNotReading.
func (l LoopChannel) TellOrFail(v any) error {
	c := l.channel
	if c.isZero() {
		return errNotOpen
	}
	frame, err := c.encode(nil, v, nil)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != connected {
		return errNotOpen
	}
	if err := c.out.roomForReply(c.options.SendBuffer); err != nil {
		c.loop.Post(func() { c.end(err) })
		return err
	}
	c.out.submit(message{frame: frame})
	c.flushLocked()
	return nil
}

// reply answers the peer about a handle. Answers do not wait for the ACK of a handle of this end.
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
	if c.state >= lingering {
		return ErrDisconnected
	}
	if err := c.out.roomForReply(c.options.SendBuffer); err != nil {
		return err
	}
	switch {
	case m.handle != nil || c.out.holding:
		m.frame = slices.Clone(m.frame) // the sender uses its buffer again
	case len(m.frame) > c.out.maxCoalesced:
		c.write(m.frame) // it goes alone in any case, and needs no copy if it goes at once
		return nil
	}
	place(&c.out, m)
	if c.out.batched++; c.out.batched >= maxBatched {
		c.flushLocked()
	} else {
		c.flushSoon()
	}
	return nil
}
