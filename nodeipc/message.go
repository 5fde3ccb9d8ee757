package nodeipc

import (
	"errors"

	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// Message is a message that has arrived. The zero value is no message: Decode, Respond and RespondError return an error, and the
// other methods do nothing.
type Message struct {
	// Handle is what came with the message, or nil. It belongs to the receiver of the message, who closes it, converts it or sends
	// it on.
	Handle *handlewrap.Handle

	payload []byte
	lease   lease
	known   codec.Known
	codec   codec.Codec
	request *received // nil unless the message is a request
	isUsers bool      // the payload was found to be a user's message
}

var (
	errReleased  = errors.New("nodeipc: decode the message: it was released")
	errNoMessage = errors.New("nodeipc: decode the message: it is a zero Message, which nobody has sent")

	errSendReleased  = errors.New("nodeipc: send a message on: it was released")
	errSendNoMessage = errors.New("nodeipc: send a message on: it is a zero Message, which nobody has sent")
	errSendOther     = errors.New("nodeipc: send a message on: it came in another serialization than the channel's: decode it first")
	errSendInternal  = errors.New("nodeipc: send a message on: to the peer it would be none of a user: send a part of it, or Raw within another")
)

// Decode stores the message in what v points to: as json.Unmarshal does, or as [structuredclone.Unmarshal] does on a channel
// whose serialization is Advanced. Of a request it decodes the body. It fails as these do, and after Release. It may be called
// several times.
//
// In JSON, a *json.RawMessage takes the message as it was sent. Lone surrogates, which no Go string holds, survive in that alone.
// A long string may be a part of the message, and then keeps all of it in memory.
func (m Message) Decode(v any) error {
	if m.lease.over() {
		return errReleased
	}
	if m.codec == nil {
		return errNoMessage
	}
	return m.codec.Decode(m.payload, v, m.known)
}

// Payload returns the message as it was sent, without what delimits it on the wire: JSON, or bytes that [structuredclone.Decode]
// reads without losing anything. Of a request it is the body. After Release it is nil.
//
// The bytes must not be changed. They are valid until Release, and those of an internal message until the [Handler]'s method
// returns.
func (m Message) Payload() []byte {
	if m.lease.over() {
		return nil
	}
	return m.payload
}

// Raw returns the message as a value that may be a part of another one, which [Channel.Send] and its like write as it came, to any peer of
// the same serialization. It shares the bytes of Payload, and is valid as long. Of a request it is the body. It is nil after Release, and of a
// zero Message. To send a message on alone, send the Message itself: that is not checked again.
func (m Message) Raw() any {
	if m.codec == nil || m.lease.over() {
		return nil
	}
	return m.codec.Raw(m.payload)
}

// appendFrame appends the frame of a message that is sent on. A user's was checked when it came. Any other may be to the peer what only
// this end may say, such as the body of a request whose cmd is Node's own.
func (m Message) appendFrame(dst []byte, to codec.Codec, d codec.Dialect) ([]byte, error) {
	switch {
	case m.codec == nil:
		return dst, errSendNoMessage
	case m.lease.over():
		return dst, errSendReleased
	case m.codec != to:
		return dst, errSendOther
	}
	if !m.isUsers {
		if kind, err := to.Classify(m.payload); err != nil || kind != codec.User {
			return dst, errSendInternal
		}
	}
	return to.AppendPayload(dst, d, m.payload), nil
}

// rawOf returns a value as it may be a part of another one.
func rawOf(v any) any {
	if m, ok := v.(Message); ok {
		return m.Raw()
	}
	return v
}

// Release gives back the memory of a message of 32 KiB or more, so that its channel puts the next one together without new
// memory, of which Go's garbage collector would have to dispose. It is never needed; it is for programs that get many long
// messages.
//
// Afterwards neither what Payload has returned may be used, nor a string that Decode has stored, which may be a part of that
// memory and then becomes another message's text. A []byte that Decode has stored is a copy. Release may be called from any
// goroutine, and again without effect. The handle stays the receiver's.
func (m Message) Release() { m.lease.end() }

// Shared gives the message to be passed to several receivers: Release of it does nothing, as others may still read it. It
// must be called before any of them has the message.
func (m Message) Shared() Message {
	m.lease = lease{}
	return m
}
