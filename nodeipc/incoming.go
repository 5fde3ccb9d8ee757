package nodeipc

import (
	"fmt"
	"io"
	"slices"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// mostPendingHandles is how many descriptors may wait for their messages; a Node process has one at a time.
const mostPendingHandles = 64

// incoming is what has been read and is not yet a whole message. Only the loop touches it.
type incoming struct {
	partial  []byte
	searched int
	fds      fifo[int]
}

func (in *incoming) abandon() {
	in.partial = nil
	in.closeHandles()
}

func (in *incoming) closeHandles() {
	for in.fds.len() > 0 {
		closeFD(in.fds.pop())
	}
}

// read takes what the socket holds, once, and says how many bytes that were: 0 when there was nothing or the
// channel has ended.
func (c *Channel) read() int {
	r := readBuffers.Get().(*readBuffer)
	defer readBuffers.Put(r)
	n, again, err := r.receive(c.fd)
	switch {
	case again:
		return 0
	case err != nil:
		c.end(err)
		return 0
	}
	for _, fd := range r.fds {
		if c.incoming.fds.len() < mostPendingHandles {
			c.incoming.fds.push(fd)
		} else {
			closeFD(fd)
		}
	}
	if n == 0 {
		c.endOfStream()
		return 0
	}
	if err := c.take(r.bytes[:n]); err != nil {
		c.end(err)
		return 0
	}
	c.peerWasHeard()
	return n
}

// Drain reads what the peer has sent so far, and has it handled. It may be called on the loop only, and is for
// the end of a process: nothing that it sent is then left out, and a process of its own that holds its end of
// the channel cannot keep the loop by sending more.
func (c *Channel) Drain() {
	if c.ended() {
		return
	}
	// What is there is read, and then once more for the end of the stream.
	for left := waitingBytes(c.fd); left >= 0 && !c.ended(); {
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

// take cuts what was read into messages and keeps what is left over.
func (c *Channel) take(chunk []byte) error {
	in := &c.incoming
	rest := chunk
	if len(in.partial) > 0 {
		in.partial = append(in.partial, chunk...)
		rest = in.partial
	}
	for len(rest) > 0 {
		payload, size, need := c.codec.cut(rest, in.searched)
		if max(size, need) > c.options.MaxMessageSize {
			return fmt.Errorf("nodeipc: %w of %d bytes", ErrMessageTooLarge, c.options.MaxMessageSize)
		}
		if size == 0 {
			break
		}
		in.searched = 0
		rest = rest[size:]
		if err := c.deliver(payload); err != nil || c.ended() {
			return err
		}
	}
	c.keep(rest, chunk)
	return nil
}

// keep stores the beginning of a message whose end has not come.
func (c *Channel) keep(rest, chunk []byte) {
	in := &c.incoming
	in.searched = len(rest)
	switch {
	case len(rest) == 0:
		in.closeHandles()
		if cap(in.partial) > len(chunk) {
			in.partial = nil
		} else {
			in.partial = in.partial[:0]
		}
	case len(in.partial) == 0:
		in.partial = append(in.partial, rest...)
	case len(rest) < len(in.partial):
		in.partial = slices.Clone(rest)
	}
}

// deliver hands one message to whom it is for.
func (c *Channel) deliver(payload []byte) error {
	payload = c.unmark(payload)
	if len(payload) == 0 && c.options.Serialization != Advanced {
		return nil // Bun writes an empty line for what has no JSON, a function for one
	}
	kind, err := c.codec.classify(payload)
	if err != nil {
		return err
	}
	switch kind {
	case kindHandle:
		return c.deliverHandle(payload)
	case kindACK:
		return c.acknowledged()
	case kindNACK:
		return c.notReceived()
	default:
		return c.deliverMessage(kind, Message{payload: payload, codec: c.codec})
	}
}

func (c *Channel) deliverMessage(kind kind, m Message) error {
	switch kind {
	case kindSocket:
		return c.countSockets(m)
	case kindUser:
		m.payload = slices.Clone(m.payload)
		c.handler.HandleMessage(m)
	default:
		c.handler.HandleInternal(m)
	}
	return nil
}

// deliverHandle matches a message with the descriptor that came beside it, and tells the peer whether one did.
func (c *Channel) deliverHandle(payload []byte) error {
	if c.incoming.fds.len() == 0 {
		return c.reply(nackCommand)
	}
	fd := c.incoming.fds.pop()
	e, inner, kind, err := c.unwrap(payload)
	if err != nil {
		closeFD(fd)
		return err
	}
	handle := handlewrap.New(handlewrap.Type(e.Type), fd)
	if !handle.Type().Valid() {
		handle.Close()
		return fmt.Errorf("%w: a handle of the unknown type %q", ErrProtocol, e.Type)
	}
	if e.Key != "" && handle.Type() == handlewrap.NetSocket {
		c.trackSocket(handle, e.Key)
	}
	if err := c.reply(ackCommand); err != nil {
		handle.Close()
		return err
	}
	m := Message{Handle: handle, payload: inner, codec: c.codec}
	if kind == kindUser || kind == kindInternal {
		return c.deliverMessage(kind, m)
	}
	handle.Close()
	return fmt.Errorf("%w: a handle with a message of the channel's own: %s", ErrProtocol, excerpt(inner))
}

// unwrap takes the message of a handle out of its envelope. Node wraps a retransmitted one twice, and the
// inner envelope is what was sent first; it has one ACK all the same, because Node dies of a second.
func (c *Channel) unwrap(payload []byte) (e envelope, inner []byte, k kind, err error) {
	inner, k = payload, kindHandle
	for layer := 0; layer < 2 && k == kindHandle; layer++ {
		if e, inner, err = c.codec.open(inner); err != nil {
			return e, nil, k, err
		}
		if k, err = c.codec.classify(inner); err != nil {
			return e, nil, k, err
		}
	}
	return e, inner, k, nil
}
