package nodeipc

import (
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
	"github.com/nodecluster/nodecluster/nodeipc/internal/socket"
)

// Offer writes a frame with a copy of a descriptor at once or not at all. It moves a connection to a worker: nothing is queued,
// held back or allocated. fd stays the caller's, who closes it once the peer has answered. A NACK of the peer comes back as
// HandleNACK(tag).
//
// It returns ErrWouldBlock when the channel is full, and HandleWritable is called when it may have room again. It returns
// ErrTooManyHandles when the system has too many descriptors on their way, and ErrDisconnected.
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
	if !o.idle() || !c.canSendHandle() {
		o.refused = true
		return ErrWouldBlock
	}
	n, err := socket.Transmit(c.fd, frame, fd)
	switch err {
	case nil:
	case ErrWouldBlock:
		o.refused, o.blocked = true, true
		c.watch()
		return err
	case socket.ErrNoRoom:
		o.refused = true
		c.stall()
		return ErrWouldBlock
	default:
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

// A Template is the frame of a message with a handle in which only one number changes. With it the same message is sent for every
// connection without encoding it again. The zero value has no frame.
type Template struct{ json, advanced codec.Template }

// NewTemplate makes a template for handles of type t. It calls message with a number that stands for the one that changes, and message
// returns the message that holds it. The number may stand nowhere else in the message. It fails when the message cannot be encoded or
// does not hold the number.
func NewTemplate(t handlewrap.Type, message func(number uint32) any) (*Template, error) {
	e := codec.Envelope{Type: string(t)}
	json, err := codec.JSON.NewTemplate(e, message)
	if err != nil {
		return nil, err
	}
	advanced, err := codec.Advanced.NewTemplate(e, message)
	if err != nil {
		return nil, err
	}
	return &Template{json, advanced}, nil
}

// AppendFrame appends the template's frame with number in its place to dst, in the serialization of the channel and the dialect of its
// peer, and returns the result. It allocates nothing where dst has room.
func (l LoopChannel) AppendFrame(dst []byte, t *Template, number uint32) []byte {
	if t.json == nil || l.channel.isZero() {
		return dst
	}
	template := t.json
	if l.channel.codec == codec.Advanced {
		template = t.advanced
	}
	return template.Append(dst, l.channel.peerDialect(), number)
}
