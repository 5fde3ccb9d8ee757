package codec

import (
	"bytes"
	stdjson "encoding/json"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// The cmd of a request and of its response. To Node both are users' messages.
const (
	RequestCommand  = "nodecluster:request"
	ResponseCommand = "nodecluster:response"
)

// Exchange is what a request or a response holds beside its cmd. Each part is a payload.
type Exchange struct {
	ID    []byte
	Body  []byte // null, or undefined, if there is none
	Error []byte // nil if there is none
}

// exchangePrefix is what the two commands begin with. exchangeRest is a part of it that is searched faster, because a colon is rarer
// in text than an n.
var (
	exchangePrefix = []byte("nodecluster:re")
	exchangeRest   = []byte(":re")
)

// mayBeExchange reports whether a payload of JSON may be a request or a response. It is called for every message and takes next
// to no time for most, because the first key tells them apart.
func mayBeExchange(payload []byte) bool {
	if !bytes.HasPrefix(payload, []byte(`{"`)) {
		return false
	}
	key, _, _ := bytes.Cut(payload[2:], []byte(`"`))
	switch string(key) {
	case "cmd", "id", "body", "error":
		return bytes.Contains(payload, exchangeRest) && bytes.Contains(payload, exchangePrefix)
	}
	return false
}

var jsonNull = []byte("null")

// OpenExchange returns parts of the payload itself.
func (jsonCodec) OpenExchange(payload []byte) (x Exchange, ok bool) {
	x.Body = jsonNull
	eachMember(payload, func(key, value []byte) {
		switch string(key) {
		case "id":
			x.ID = value
		case "body":
			x.Body = value
		case "error":
			x.Error = value
		}
	})
	if bytes.Equal(x.Error, jsonNull) {
		x.Error = nil
	}
	return x, x.ID != nil
}

// eachMember calls f for each member of the object that a valid payload is. Keys are given as they are written.
func eachMember(b []byte, f func(key, value []byte)) {
	i := skipSpace(b, 0)
	if i == len(b) || b[i] != '{' {
		return
	}
	for i = skipSpace(b, i+1); b[i] != '}'; {
		end := skipText(b, i)
		key := b[i+1 : end-1]
		start := skipSpace(b, skipKey(b, i))
		end = skipValue(b, start)
		f(key, b[start:end:end])
		if i = skipSpace(b, end); b[i] == ',' {
			i = skipSpace(b, i+1)
		}
	}
}

// skipValue returns the index after the value of valid JSON that begins at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for {
		switch b[i] {
		case '"':
			i = skipText(b, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
			continue // between the values of an array or object
		default:
			i = skipScalar(b, i)
		}
		if depth == 0 {
			return i
		}
	}
}

func (jsonCodec) Raw(payload []byte) any { return stdjson.RawMessage(payload) }

var advancedUndefined = []byte{0xFF, oldestVersion, '_'}

// OpenExchange returns parts whose bytes are copies.
func (advancedCodec) OpenExchange(payload []byte) (x Exchange, ok bool) {
	var members map[string]structuredclone.RawMessage
	if err := structuredclone.Unmarshal(payload, &members); err != nil {
		return Exchange{}, false
	}
	x = Exchange{ID: members["id"], Body: members["body"], Error: members["error"]}
	if x.Body == nil {
		x.Body = advancedUndefined
	}
	if isNothing(x.Error) {
		x.Error = nil
	}
	return x, x.ID != nil
}

// isNothing reports whether a payload is null or undefined.
func isNothing(payload []byte) bool {
	return len(payload) > headerSize && (payload[headerSize] == '0' || payload[headerSize] == '_')
}

func (advancedCodec) Raw(payload []byte) any { return structuredclone.RawMessage(payload) }
