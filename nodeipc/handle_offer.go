package nodeipc

import (
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// Offer writes a frame with a copy of a descriptor at once or not at all. It is what moves a connection to a
// worker: nothing is queued, held back or allocated. fd stays the caller's. The peer's NACK comes back as
// [Handler].HandleNACK(tag).
//
// It returns ErrWouldBlock when the peer has let the channel fill up; Handler.HandleWritable tells when to try
// again. It returns ErrTooManyHandles when the system has too many on their way, and ErrDisconnected.
func (l LoopChannel) Offer(frame []byte, fd int, tag uint32) error {
	c := l.channel
	if c.isZero() {
		return ErrDisconnected
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o := &c.out
	if c.state != connected {
		return ErrDisconnected
	}
	if !o.idle() || !c.handleMayGo() {
		o.refused = true
		return ErrWouldBlock
	}
	n, err := socket.Transmit(c.fd, frame, fd)
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
// same message is sent for every connection without encoding it again. The zero value is no frame at all.
type Template struct{ template codec.Template }

// NewTemplate makes a template. message is called with the number that stands for the one that changes, and
// gives the message that holds it; that number may stand nowhere else in it.
func NewTemplate(s Serialization, t handlewrap.Type, message func(number uint32) any) (*Template, error) {
	c, err := codecFor(s)
	if err != nil {
		return nil, err
	}
	template, err := c.NewTemplate(codec.Envelope{Type: string(t)}, message)
	if err != nil {
		return nil, err
	}
	return &Template{template}, nil
}

// AppendFrame appends the template's frame with number in its place, as the channel's peer understands it.
func (l LoopChannel) AppendFrame(dst []byte, t *Template, number uint32) []byte {
	if t.template == nil || l.channel.isZero() {
		return dst
	}
	return t.template.Append(dst, l.channel.speaks(), number)
}
