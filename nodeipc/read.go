package nodeipc

import (
	"fmt"
	"io"

	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// incoming is what has been read and is not yet a whole message. Only the loop touches it.
type incoming struct {
	assembly
	searched int
	frame    []byte // whose payload is being handled
	handles  arrivals
	drops    bool // the channel lingers
}

func (in *incoming) abandon() {
	in.releasePartial()
	in.spare.abandon()
	in.handles.closeAll()
}

// read takes once what the socket holds, and returns how many bytes that were: 0 when there was nothing, or when the channel has
// ended.
func (c *Channel) read() int {
	r := socket.GetBuffer()
	defer socket.PutBuffer(r)
	buffer := c.incoming.readBuffer()
	n, again, err := r.Receive(c.fd, buffer)
	switch {
	case again:
		return 0
	case c.incoming.drops:
		return c.drop(n, r.FDs, err)
	case err != nil:
		c.end(err)
		return 0
	}
	c.incoming.handles.add(r.FDs)
	if n == 0 {
		c.endOfStream()
		return 0
	}
	if len(buffer) > 0 {
		err = c.cut(c.incoming.commitRead(n))
	} else {
		err = c.cutChunk(r.Bytes[:n])
	}
	if err != nil {
		c.end(err)
		return 0
	}
	c.afterRead()
	return n
}

// drop closes what came while the channel lingers, and ends that with the peer.
func (c *Channel) drop(n int, fds []int, err error) int {
	for _, fd := range fds {
		c.closer.CloseLater(fd)
	}
	if n == 0 || err != nil {
		c.end(nil)
		return 0
	}
	return n
}

// drain reads what the peer has sent so far, and handles it.
func (c *Channel) drain() {
	if c.ended() {
		return
	}
	// One more read than there are bytes finds the end of the stream.
	for left := socket.Waiting(c.fd); left >= 0 && !c.ended(); {
		n := c.read()
		if n == 0 {
			return
		}
		left -= n
	}
}

func (c *Channel) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return c.fd < 0
	}
}

func (c *Channel) endOfStream() {
	if len(c.incoming.partial) > 0 {
		c.end(fmt.Errorf("nodeipc: the peer ended within a message: %w", io.ErrUnexpectedEOF))
		return
	}
	c.end(nil)
}

// cutChunk is cut for what was read elsewhere than into the assembly's buffer.
func (c *Channel) cutChunk(chunk []byte) error { return c.cut(c.incoming.appendChunk(chunk)) }

// cut delivers the whole messages of what was read, and keeps the rest. begun reports whether the first of them began in a read
// before.
func (c *Channel) cut(rest []byte, begun bool) error {
	in := &c.incoming
	in.handles.startRead(begun)
	rest, need, err := c.deliverWhole(rest)
	c.forwardRun()
	if err != nil || c.ended() {
		return err
	}
	in.handles.endRead(len(rest) > 0)
	in.keepRest(rest, need)
	in.searched = len(rest)
	return nil
}

// deliverWhole delivers messages until the channel ends or there is no whole one left in rest, and returns what is left. need is how long
// the next message will be, as far as is known.
func (c *Channel) deliverWhole(rest []byte) (left []byte, need int, err error) {
	in := &c.incoming
	for len(rest) > 0 {
		var payload []byte
		var size int
		payload, size, need = c.codec.Cut(rest, in.searched)
		if max(size, need) > c.options.MaxMessageSize {
			return rest, need, fmt.Errorf("nodeipc: %w of %d bytes", ErrMessageTooLarge, c.options.MaxMessageSize)
		}
		if size == 0 {
			break
		}
		in.searched, in.lastSize = 0, size
		in.frame, rest = rest[:size], rest[size:]
		err := c.deliver(payload)
		in.frame = nil
		if err != nil || c.ended() {
			return rest, need, err
		}
		in.handles.endMessage()
	}
	return rest, need, nil
}
