package cluster

import "bytes"

var (
	answerHead = []byte(`{"cmd":"NODE_CLUSTER","ack":`)
	answerYes  = []byte(`,"accepted":true,"seq":`)
	answerNo   = []byte(`,"accepted":false,"seq":`)
)

// readAnswer reads a worker's answer to newconn as Node writes it, which comes for every connection. Whatever
// else says the same is not ok here, and is decoded in full instead.
func readAnswer(payload []byte) (ack uint32, accepted, ok bool) {
	rest, ok := bytes.CutPrefix(payload, answerHead)
	if !ok {
		return 0, false, false
	}
	ack, rest, ok = readNumber(rest)
	if !ok {
		return 0, false, false
	}
	if rest, accepted = bytes.CutPrefix(rest, answerYes); !accepted {
		if rest, ok = bytes.CutPrefix(rest, answerNo); !ok {
			return 0, false, false
		}
	}
	_, rest, ok = readNumber(rest)
	return ack, accepted, ok && len(rest) == 1 && rest[0] == '}'
}

// readNumber reads digits off the front, as many as a sequence number has.
func readNumber(b []byte) (n uint32, rest []byte, ok bool) {
	const most = 9
	i := 0
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		if i == most {
			return readLong(b)
		}
		n = n*10 + uint32(b[i]-'0')
	}
	return n, b[i:], i > 0
}

// readLong skips a number with too many digits to count; a worker's own sequence may come to that.
func readLong(b []byte) (n uint32, rest []byte, ok bool) {
	rest = bytes.TrimLeft(b, "0123456789")
	return 1<<32 - 1, rest, len(b)-len(rest) <= 16
}
