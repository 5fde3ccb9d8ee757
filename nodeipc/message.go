package nodeipc

import (
	"errors"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// Message is one that has arrived. The zero value is none: Decode returns an error, and the others do nothing.
type Message struct {
	// Handle is what came with the message, nil if nothing did. It is the receiver's, who closes it or
	// passes it on.
	Handle *handlewrap.Handle

	payload []byte
	lease   lease
	known   codec.Known
	codec   codec.Codec
	request *received // nil but of a request
}

var (
	errReleased  = errors.New("nodeipc: decode the message: it was released")
	errNoMessage = errors.New("nodeipc: decode the message: it is a zero Message, which nobody has sent")
)

// Decode stores the message in what v points to, as json.Unmarshal does, or [structuredclone.Unmarshal] on a channel
// whose serialization is Advanced. In JSON, a *json.RawMessage takes it as it was sent: lone surrogates, which no Go
// string holds, survive in that alone. A long string may be a part of the message, and then keeps all of it in memory. Of a
// request it is the body that is decoded.
func (m Message) Decode(v any) error {
	if m.lease.over() {
		return errReleased
	}
	if m.codec == nil {
		return errNoMessage
	}
	return m.codec.Decode(m.payload, v, m.known)
}

// Payload is the message as it was sent, without what delimits it on the wire: JSON, or what [structuredclone.Decode]
// reads without losing anything. It must not be changed, and
// what a [Handler] gets as an internal message is valid only until it returns. Of a message that was released it is nil, and of a
// request it is the body.
func (m Message) Payload() []byte {
	if m.lease.over() {
		return nil
	}
	return m.payload
}

// Release gives back the memory of a message of 32 KiB or more, so that its channel puts the next one together without new
// memory, of which Go's garbage collector would have to dispose. It is never needed; it is for programs that get many long
// messages. Afterwards neither what Payload has given may be used nor a string that Decode has stored, which may be a part of
// that memory and then becomes another message's text; []byte are copies. It may be called from any goroutine, and again
// without effect. The handle stays the receiver's.
func (m Message) Release() { m.lease.end() }

// Shared gives the message to be passed to several receivers: Release of it does nothing, as others may still read it. It
// must be called before any of them has the message.
func (m Message) Shared() Message {
	m.lease = lease{}
	return m
}
