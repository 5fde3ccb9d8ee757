package nodeipc

import "github.com/nodecluster/nodecluster/nodeipc/internal/codec"

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
