package nodeipc

import (
	"errors"
	"fmt"
)

// Serialization is how messages are written on a channel, as Node's option of that name says it.
type Serialization string

const (
	// JSON writes one line of JSON a message. It is Node's default, and the zero value's meaning.
	JSON Serialization = "json"
	// Advanced writes V8's structured clone format.
	Advanced Serialization = "advanced"
)

// envelope is what surrounds the message of a handle.
type envelope struct {
	Type      string `json:"type"`
	Key       string `json:"key,omitempty"`
	DgramType string `json:"dgramType,omitempty"`
}

// kind says whose a message is.
type kind uint8

const (
	kindUser     kind = iota
	kindInternal      // cmd begins with NODE_, and it is not one of the channel's own
	kindHandle
	kindACK
	kindNACK
	kindSocket // NODE_SOCKET_*: the counting of sockets
)

// codec is one serialization: how bytes fall into frames, and frames into messages. Payloads are a frame
// without what delimits it. A codec holds no state, so that one serves every channel.
type codec interface {
	// cut finds the first whole frame in buf, of which the first searched bytes are known to hold no end of
	// one. size is how many bytes the frame takes of buf, 0 when it is not all there; need is how long it is
	// going to be, as far as is known.
	cut(buf []byte, searched int) (payload []byte, size, need int)
	// classify says whose message a payload is, or why it is not one.
	classify(payload []byte) (kind, error)
	// open takes the message of a handle out of its envelope. inner is a payload, perhaps within the given one.
	open(payload []byte) (e envelope, inner []byte, err error)
	// seal appends a frame that holds the payload inner in the envelope e.
	seal(dst []byte, e envelope, inner []byte) ([]byte, error)
	// frame appends a frame that holds the payload.
	frame(dst, payload []byte) []byte
	// encode appends the payload of a value.
	encode(dst []byte, v any) ([]byte, error)
	decode(payload []byte, v any) error
}

func codecFor(s Serialization) (codec, error) {
	switch s {
	case "", JSON:
		return jsonCodec{}, nil
	case Advanced:
		return nil, fmt.Errorf("nodeipc: serialization %q is not supported yet; use %q: %w", s, JSON, errors.ErrUnsupported)
	}
	return nil, fmt.Errorf("nodeipc: serialization %q is not known; use %q or %q", s, JSON, Advanced)
}
