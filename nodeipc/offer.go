package nodeipc

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/nodecluster/nodecluster/handlewrap"
)

// Offer writes a frame with a copy of a descriptor at once or not at all. It is what moves a connection to a
// worker: nothing is queued, held back or allocated. fd stays the caller's. The peer's NACK comes back as
// Handler.HandleNACK(tag). It may be called on the loop only.
//
// It returns ErrWouldBlock when the peer has let the channel fill up; Handler.HandleWritable tells when to try
// again. It returns ErrTooManyHandles when the system has too many on their way, and ErrDisconnected.
func (c *Channel) Offer(frame []byte, fd int, tag uint32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := &c.out
	if c.state != connected {
		return ErrDisconnected
	}
	if o.queue.len() > 0 || o.flushing || o.blocked || o.stalled || !c.handleMayGo() {
		o.refused = true
		return ErrWouldBlock
	}
	n, err := transmit(c.fd, frame, fd)
	if err != nil {
		if err == ErrWouldBlock {
			o.refused, o.blocked = true, true
			c.watch()
		}
		return err
	}
	o.unacked.push(unacked{tag: tag})
	if n < len(frame) {
		o.queued += len(frame) - n
		o.append(frame[n:])
		c.flushSoon()
	}
	return nil
}

// A Template is the frame of a message with a handle in which nothing but one number changes. It is how the
// same message is sent for every connection without encoding it again.
type Template struct {
	node, bun aroundNumber
}

// aroundNumber is a frame without its number, in one way of writing.
type aroundNumber struct{ before, after []byte }

// templateNumber stands for the number while a template is made.
const templateNumber = 1<<30 - 1

// NewTemplate makes a template. message is called with the number that stands for the one that changes, and
// gives the message that holds it; that number may stand nowhere else in it.
func NewTemplate(s Serialization, t handlewrap.Type, message func(number uint32) any) (*Template, error) {
	codec, err := codecFor(s)
	if err != nil {
		return nil, err
	}
	payload, err := codec.encode(nil, message(templateNumber))
	if err != nil {
		return nil, err
	}
	node, err := cutNumber(codec, t, payload)
	if err != nil {
		return nil, err
	}
	bun, err := cutNumber(bunCodec{}, t, payload)
	return &Template{node, bun}, err
}

func cutNumber(c codec, t handlewrap.Type, payload []byte) (aroundNumber, error) {
	frame, err := c.seal(nil, envelope{Type: string(t)}, payload)
	if err != nil {
		return aroundNumber{}, err
	}
	number := strconv.AppendUint(nil, templateNumber, 10)
	at := bytes.LastIndex(frame, number)
	if at < 0 {
		return aroundNumber{}, fmt.Errorf("nodeipc: a template without the number that changes: %s", excerpt(frame))
	}
	return aroundNumber{frame[:at], frame[at+len(number):]}, nil
}

// AppendFrame appends the template's frame with number in its place, as the channel's peer understands it.
func (c *Channel) AppendFrame(dst []byte, t *Template, number uint32) []byte {
	around := &t.node
	if c.bun.Load() {
		around = &t.bun
	}
	dst = append(dst, around.before...)
	dst = strconv.AppendUint(dst, uint64(number), 10)
	return append(dst, around.after...)
}
