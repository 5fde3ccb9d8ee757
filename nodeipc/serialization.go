package nodeipc

import (
	"fmt"

	"github.com/nodecluster/nodecluster/nodeipc/internal/codec"
)

// Serialization is how messages are written on a channel, as Node's option of that name says it.
type Serialization string

const (
	// JSON writes one line of JSON a message. It is Node's default, and the zero value's meaning.
	JSON Serialization = "json"
	// Advanced writes V8's structured clone format, which knows more of JavaScript's types than JSON: see package
	// structuredclone for what is what in Go.
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

// hear takes off a payload what marks its dialect, in which the channel answers from then on. plain is the
// codec's.
func (c *Channel) hear(payload []byte) (heard []byte, plain bool) {
	heard, dialect, plain := c.codec.Heard(payload)
	if dialect != 0 && dialect != c.speaks() {
		c.dialect.Store(uint32(dialect))
	}
	return heard, plain
}

// speaks is the dialect in which this end writes.
func (c *Channel) speaks() codec.Dialect { return codec.Dialect(c.dialect.Load()) }
