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
	if o.queue.len() > 0 || o.flushing || o.blocked || o.stalled || o.unacked.len() >= mostHandlesInFlight {
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
	before, after []byte
}

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
	frame, err := codec.seal(nil, envelope{Type: string(t)}, payload)
	if err != nil {
		return nil, err
	}
	number := strconv.AppendUint(nil, templateNumber, 10)
	at := bytes.LastIndex(frame, number)
	if at < 0 {
		return nil, fmt.Errorf("nodeipc: a template without the number that changes: %s", excerpt(frame))
	}
	return &Template{before: frame[:at], after: frame[at+len(number):]}, nil
}

// Append appends the frame with number in its place.
func (t *Template) Append(dst []byte, number uint32) []byte {
	dst = append(dst, t.before...)
	dst = strconv.AppendUint(dst, uint64(number), 10)
	return append(dst, t.after...)
}
