package nodeipc

import "github.com/nodecluster/nodecluster/handlewrap"

// Message is one that has arrived.
type Message struct {
	// Handle is what came with the message, nil if nothing did. It is the receiver's, who closes it or
	// passes it on.
	Handle *handlewrap.Handle

	payload []byte
	codec   codec
}

// Decode stores the message in what v points to, as json.Unmarshal does. A *json.RawMessage takes it as it
// was sent: lone surrogates, which no Go string holds, survive in that alone.
func (m Message) Decode(v any) error { return m.codec.decode(m.payload, v) }

// Payload is the message as it was sent, without what delimits it on the wire. It must not be changed, and
// what a [Handler] gets as an internal message is valid only until it returns.
func (m Message) Payload() []byte { return m.payload }
