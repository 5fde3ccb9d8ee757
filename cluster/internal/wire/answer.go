package wire

import (
	"bytes"
	"math"
)

var (
	answerHead = []byte(`{"cmd":"NODE_CLUSTER","ack":`)
	answerYes  = []byte(`,"accepted":true,"seq":`)
	answerNo   = []byte(`,"accepted":false,"seq":`)
)

// ReadAnswer reads a worker's answer to newconn as Node writes it, which comes for every connection. Whatever
// else says the same is not ok here, and is decoded in full instead.
func ReadAnswer(payload []byte) (ack uint32, accepted, ok bool) {
	rest, ok := bytes.CutPrefix(payload, answerHead)
	if !ok {
		return readAdvancedAnswer(payload)
	}
	number, rest, ok := readNumber(rest)
	if !ok || number > math.MaxUint32 {
		return 0, false, false
	}
	if rest, accepted = bytes.CutPrefix(rest, answerYes); !accepted {
		if rest, ok = bytes.CutPrefix(rest, answerNo); !ok {
			return 0, false, false
		}
	}
	_, rest, ok = readNumber(rest)
	return uint32(number), accepted, ok && len(rest) == 1 && rest[0] == '}'
}

// readNumber reads a number as JSON has it off the front, of as many digits as a JavaScript integer has.
func readNumber(b []byte) (n uint64, rest []byte, ok bool) {
	const most = 16
	i := 0
	for ; i < min(len(b), most) && '0' <= b[i] && b[i] <= '9'; i++ {
		n = n*10 + uint64(b[i]-'0')
	}
	return n, b[i:], i == 1 || i > 1 && b[0] != '0'
}
