package wire

import (
	"bytes"
	"encoding/binary"
	"math"
)

// What stands in a worker's answer to newconn in the structured clone format, after the version.
var (
	advancedAnswerHead = []byte("o\"\x03cmd\"\x0cNODE_CLUSTER\"\x03ackI")
	advancedAnswerYes  = []byte("\"\x08acceptedT\"\x03seqI")
	advancedAnswerNo   = []byte("\"\x08acceptedF\"\x03seqI")
	advancedAnswerEnd  = []byte("{\x04")
)

// readAdvancedAnswer is ReadAnswer for a channel whose serialization is advanced.
func readAdvancedAnswer(payload []byte) (ack uint32, accepted, ok bool) {
	const oldest, newest = 13, 16
	if len(payload) < 2 || payload[0] != 0xFF || payload[1] < oldest || payload[1] > newest {
		return 0, false, false
	}
	rest, ok := bytes.CutPrefix(payload[2:], advancedAnswerHead)
	if !ok {
		return 0, false, false
	}
	ack, rest, ok = readInt32(rest)
	if !ok {
		return 0, false, false
	}
	if rest, accepted = bytes.CutPrefix(rest, advancedAnswerYes); !accepted {
		if rest, ok = bytes.CutPrefix(rest, advancedAnswerNo); !ok {
			return 0, false, false
		}
	}
	_, rest, ok = readInt32(rest)
	return ack, accepted, ok && bytes.Equal(rest, advancedAnswerEnd)
}

// readInt32 reads a number that is not negative off the front: V8 has the sign in the lowest bit.
func readInt32(b []byte) (n uint32, rest []byte, ok bool) {
	bits, size := binary.Uvarint(b)
	if size <= 0 || bits&1 != 0 || bits > math.MaxUint32 {
		return 0, nil, false
	}
	return uint32(bits >> 1), b[size:], true
}
