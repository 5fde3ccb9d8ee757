package nodeipc

import (
	"github.com/nodecluster/nodecluster/handlewrap"
	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// Message is one that has arrived.
type Message struct {
	// Handle is what came with the message, nil if nothing did. It is the receiver's, who closes it or
	// passes it on.
	Handle *handlewrap.Handle

	payload []byte
	known   codec.Known
	codec   codec.Codec
}

// Decode stores the message in what v points to, as json.Unmarshal does, or [structuredclone.Unmarshal] on a channel
// whose serialization is Advanced. In JSON, a *json.RawMessage takes it as it was sent: lone surrogates, which no Go
// string holds, survive in that alone. A long string may keep the whole message in memory.
func (m Message) Decode(v any) error { return m.codec.Decode(m.payload, v, m.known) }

// Payload is the message as it was sent, without what delimits it on the wire: JSON, or what [structuredclone.Decode]
// reads without losing anything. It must not be changed, and
// what a [Handler] gets as an internal message is valid only until it returns.
func (m Message) Payload() []byte { return m.payload }
