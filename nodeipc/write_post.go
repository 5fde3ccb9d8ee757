package nodeipc

import (
	"errors"
	"slices"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// Post sends a message. It never waits: the message is written at the end of the loop's
// batch, and a peer that lets the answers to its questions pile up gets ErrNotReading, on which the caller
// should close the channel. A handle, if not nil, is the channel's afterwards, in any case.
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

// TellOrFail sends a message as [Channel.Tell] does, and may be called from any goroutine too. It is for what a protocol cannot do
// without: it has the room of Post, and a peer that lets even that fill up loses its channel, with ErrNotReading.
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
	switch {
	case m.handle != nil || c.out.holding:
		m.frame = slices.Clone(m.frame) // it is kept, and the sender's buffer is used again
	case len(m.frame) > maxCoalesced:
		c.write(m.frame) // it goes alone in any case, and needs no copy if it goes at once
		return nil
	}
	place(&c.out, m)
	if c.out.gathered++; c.out.gathered >= maxBatched {
		c.flushLocked()
	} else {
		c.flushSoon()
	}
	return nil
}
