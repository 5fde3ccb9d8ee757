package nodeipc

import (
	"fmt"
	"io"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc/eventloop"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// incoming is what has been read and is not yet a whole message. Only the loop touches it.
type incoming struct {
	assembly
	searched  int
	gathering gathering
	handles   arrivals
}

func (in *incoming) abandon() {
	in.drop()
	in.spare.abandon()
	in.handles.closeAll()
}

// read takes what the socket holds, once, and says how many bytes that were: 0 when there was nothing or the
// channel has ended.
func (c *Channel) read() int {
	r := socket.GetBuffer()
	defer socket.PutBuffer(r)
	room := c.incoming.room()
	n, again, err := r.Receive(c.fd, room)
	switch {
	case again:
		return 0
	case err != nil:
		c.end(err)
		return 0
	}
	c.incoming.handles.arrive(r.FDs)
	if n == 0 {
		c.endOfStream()
		return 0
	}
	if len(room) > 0 {
		err = c.cut(c.incoming.land(n))
	} else {
		err = c.take(r.Bytes[:n])
	}
	if err != nil {
		c.end(err)
		return 0
	}
	c.peerWasHeard()
	return n
}

// drain reads what the peer has sent so far, and has it handled.
func (c *Channel) drain() {
	if c.ended() {
		return
	}
	// What is there is read, and then once more for the end of the stream.
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

// take takes what was read elsewhere than into the assembly's room.
func (c *Channel) take(chunk []byte) error { return c.cut(c.incoming.join(chunk)) }

// cut cuts what was read into messages and keeps what is left over. begun says that the first of them began before.
func (c *Channel) cut(rest []byte, begun bool) error {
	in := &c.incoming
	in.handles.begin(begun)
	messages, need := 0, 0
	for len(rest) > 0 {
		var payload []byte
		var size int
		payload, size, need = c.codec.Cut(rest, in.searched)
		if max(size, need) > c.options.MaxMessageSize {
			return fmt.Errorf("nodeipc: %w of %d bytes", ErrMessageTooLarge, c.options.MaxMessageSize)
		}
		if size == 0 {
			break
		}
		messages++
		in.searched, in.last = 0, size
		rest = rest[size:]
		if err := c.deliver(payload); err != nil || c.ended() {
			return err
		}
		in.handles.next()
	}
	in.handles.keep(len(rest) > 0)
	in.keep(rest, need)
	in.searched = len(rest)
	in.gathering.count(messages, time.Now)
	return nil
}

// lull reports whether to let messages gather: that is worth while, and nothing waits to be written.
func (c *Channel) lull() bool {
	if !c.incoming.gathering.lull() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state != disconnected && c.out.queue.len() == 0 && c.interest&eventloop.Readable != 0
}
