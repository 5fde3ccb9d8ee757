package nodeipc

import (
	"fmt"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// Serialization is how messages are written on a channel. Its values are those of Node's option serialization.
type Serialization string

const (
	// JSON writes a message as one line of JSON. It is Node's default, and what the zero value means.
	JSON Serialization = "json"
	// Advanced writes V8's structured clone format, which has more of JavaScript's types than JSON. Package structuredclone says
	// which Go types they are.
	Advanced Serialization = "advanced"
)

func codecFor(s Serialization) (codec.Codec, error) {
	switch s {
	case "", JSON:
		return codec.JSON, nil
	case Advanced:
		return codec.Advanced, nil
	}
	return nil, fmt.Errorf("nodeipc: serialization %q is not known; use %q or %q", s, JSON, Advanced)
}

// decodeDialect takes off a payload what marks its dialect, and remembers the dialect, in which the channel writes from then on.
// plain is the codec's.
func (c *Channel) decodeDialect(payload []byte) (unmarked []byte, plain bool) {
	unmarked, dialect, plain := c.codec.DetectDialect(payload)
	if dialect != 0 && dialect != c.peerDialect() {
		c.dialect.Store(uint32(dialect))
	}
	return unmarked, plain
}

// peerDialect is the dialect of the peer, in which this end writes.
func (c *Channel) peerDialect() codec.Dialect { return codec.Dialect(c.dialect.Load()) }
