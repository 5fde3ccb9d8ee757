package codec

import "bytes"

// bun is Bun's dialect of JSON: cluster messages are marked, and a handle goes beside a message without an envelope.
const bun Dialect = 1

// IsBun reports whether a codec's dialect is Bun's.
func IsBun(c Codec, d Dialect) bool { return c == JSON && d == bun }

// bunMark stands before each internal message of a Bun process, and must stand before each message to one.
const bunMark = 0x02

var (
	bunMarked = []byte(`{"cmd":"NODE_CLUSTER"`)
	bunHandle = []byte(`,"$hasHandle":true}`)
)

// bunFrame appends a frame as Bun writes it.
func bunFrame(dst, payload []byte) []byte {
	if bytes.HasPrefix(payload, bunMarked) {
		dst = append(dst, bunMark)
	}
	return append(append(dst, payload...), '\n')
}

// bunSealed appends a frame with a handle's message as Bun writes it. It reports false where Bun has no way of its own.
func bunSealed(dst, inner []byte) ([]byte, bool) {
	if !bytes.HasPrefix(inner, bunMarked) {
		return dst, false
	}
	dst = append(dst, bunMark)
	dst = append(dst, inner[:len(inner)-1]...)
	dst = append(dst, bunHandle...)
	return append(dst, '\n'), true
}
