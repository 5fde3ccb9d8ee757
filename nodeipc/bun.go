package nodeipc

import "bytes"

// bunMark stands before each internal message of a Bun process, and must stand before each to one.
const bunMark = 0x02

var (
	bunMarked = []byte(`{"cmd":"NODE_CLUSTER"`)
	bunHandle = []byte(`,"$hasHandle":true}`)
)

// bunCodec is Bun's dialect of JSON: cluster messages are marked, and a handle goes beside one without an
// envelope. A channel speaks it once it has heard it.
type bunCodec struct{ jsonCodec }

func (c bunCodec) frame(dst, payload []byte) []byte {
	if bytes.HasPrefix(payload, bunMarked) {
		dst = append(dst, bunMark)
	}
	return c.jsonCodec.frame(dst, payload)
}

func (c bunCodec) seal(dst []byte, e envelope, inner []byte) ([]byte, error) {
	if !bytes.HasPrefix(inner, bunMarked) {
		return c.jsonCodec.seal(dst, e, inner)
	}
	dst = append(dst, bunMark)
	dst = append(dst, inner[:len(inner)-1]...)
	dst = append(dst, bunHandle...)
	return append(dst, '\n'), nil
}

// unmark takes Bun's mark off a payload, and remembers who writes so.
func (c *Channel) unmark(payload []byte) []byte {
	if len(payload) == 0 || payload[0] != bunMark || c.options.Serialization == Advanced {
		return payload
	}
	c.bun.Store(true)
	return payload[1:]
}

// wire is the codec for what this end writes.
func (c *Channel) wire() codec {
	if c.bun.Load() {
		return bunCodec{}
	}
	return c.codec
}
