package nodeipc

import (
	"fmt"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// maxServerKey is how long the key of the server may be that a socket comes from. Node makes it of an address and a port, or of a path.
// It is kept until the socket is closed.
const maxServerKey = 4 << 10

// deliver hands one message to its taker: the channel itself, the handler, or a request that awaits it.
func (c *Channel) deliver(payload []byte) error {
	if c.forwarding.to != nil {
		return c.forwardFrame(payload)
	}
	payload, plain := c.decodeDialect(payload)
	if plain {
		return c.deliverMessage(codec.User, Message{payload: payload, known: codec.Known{Plain: true}, codec: c.codec})
	}
	kind, err := c.codec.Classify(payload)
	if err != nil {
		return err
	}
	switch kind {
	case codec.Nothing:
		return nil
	case codec.Handle:
		return c.deliverHandle(payload)
	case codec.ACK, codec.NACK:
		oldest, err := c.oldestHandle()
		if err == nil {
			c.handleAnswer(kind, oldest)
		}
		return err
	default:
		return c.deliverMessage(kind, Message{payload: payload, codec: c.codec})
	}
}

func (c *Channel) deliverMessage(kind codec.Kind, m Message) error {
	switch kind {
	case codec.Socket:
		return c.countSockets(m)
	case codec.Response:
		if c.hasRequested() {
			c.takeResponse(m)
			return nil
		}
		c.handler.HandleMessage(c.withOwnMemory(m))
	case codec.Request:
		c.handler.HandleMessage(c.asRequest(c.withOwnMemory(m)))
	case codec.User:
		m.isUsers = true
		c.handler.HandleMessage(c.withOwnMemory(m))
	default:
		c.handler.HandleInternal(m)
	}
	return nil
}

// withOwnMemory returns the message with a payload that stays as it is.
func (c *Channel) withOwnMemory(m Message) Message {
	m.payload, m.lease = c.incoming.payloadMemory(m.payload)
	m.known.Kept = true
	return m
}

// deliverHandle matches a message with the descriptor that came beside it, and tells the peer whether one did.
func (c *Channel) deliverHandle(payload []byte) error {
	fd := c.incoming.handles.take()
	if fd < 0 {
		return c.deliverLost(payload)
	}
	e, inner, kind, err := c.unwrap(payload)
	if err != nil {
		c.closer.CloseLater(fd)
		return err
	}
	handle := c.closer.NewHandle(handlewrap.Type(e.Type), fd)
	if !handle.Type().Valid() {
		handle.Close()
		return fmt.Errorf("%w: a handle of the unknown type %q", ErrProtocol, e.Type)
	}
	if len(e.Key) > maxServerKey {
		handle.Close()
		return fmt.Errorf("%w: a handle of a server with a key of %d bytes", ErrProtocol, len(e.Key))
	}
	if e.Key != "" && handle.Type() == handlewrap.NetSocket {
		c.trackSocket(handle, e.Key)
	}
	if err := c.reply(ackCommand); err != nil {
		handle.Close()
		return err
	}
	m := Message{Handle: handle, payload: inner, codec: c.codec}
	switch kind {
	case codec.User, codec.Internal, codec.Request, codec.Response:
		return c.deliverMessage(kind, m)
	}
	handle.Close()
	return fmt.Errorf("%w: a handle with a message of the channel's own: %s", ErrProtocol, codec.Excerpt(inner))
}

// deliverLost handles a message whose descriptor did not come. The peer is told to send it again, unless the handler answers for
// it.
func (c *Channel) deliverLost(payload []byte) error {
	handler, ok := c.handler.(LossHandler)
	if !ok {
		return c.reply(nackCommand)
	}
	_, inner, kind, err := c.unwrap(payload)
	if err != nil {
		return err
	}
	var answer func()
	if kind == codec.Internal {
		answer = handler.HandleLost(Message{payload: inner, codec: c.codec})
	}
	if answer == nil {
		return c.reply(nackCommand)
	}
	// The ACK comes first: with it the peer closes what it has sent.
	if err := c.reply(ackCommand); err != nil {
		return err
	}
	answer()
	return nil
}

// unwrap takes the message of a handle out of its envelope. Node wraps a message that it sends again in a second envelope, of
// which the inner one is the first. It still gets one ACK, because Node dies of a second.
func (c *Channel) unwrap(payload []byte) (e codec.Envelope, inner []byte, k codec.Kind, err error) {
	inner, k = payload, codec.Handle
	for layer := 0; layer < 2 && k == codec.Handle; layer++ {
		if e, inner, err = c.codec.Open(inner); err != nil {
			return e, nil, k, err
		}
		if k, err = c.codec.Classify(inner); err != nil {
			return e, nil, k, err
		}
	}
	return e, inner, k, nil
}
