package codec

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"slices"

	"github.com/goccy/go-json"
)

// JSON is Node's default: one line of JSON a message.
var JSON Codec = jsonCodec{}

type jsonCodec struct{}

// How Node writes what a channel says of handles.
const (
	jsonACK  = `{"cmd":"NODE_HANDLE_ACK"}`
	jsonNACK = `{"cmd":"NODE_HANDLE_NACK"}`
)

var (
	jsonInternal = []byte(`{"cmd":"NODE_`)
	jsonCluster  = []byte(`{"cmd":"NODE_CLUSTER",`)
	jsonPrefix   = []byte(prefix)
	jsonNative   = []byte(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":`)
)

func (jsonCodec) Cut(buf []byte, searched int) (payload []byte, size, need int) {
	end := bytes.IndexByte(buf[searched:], '\n')
	if end < 0 {
		return nil, 0, len(buf) + 1
	}
	end += searched
	return buf[:end], end + 1, end + 1
}

// DetectDialect takes off Bun's mark, which stands before internal messages only.
func (jsonCodec) DetectDialect(payload []byte) (unmarked []byte, d Dialect, plain bool) {
	if isPlainString(payload) {
		return payload, 0, true
	}
	payload = validUTF8(payload)
	if len(payload) > 0 && payload[0] == bunMark {
		return payload[1:], bun, false
	}
	return payload, 0, false
}

func (jsonCodec) BeginsAsUser(payload []byte, _ Dialect) bool {
	return len(payload) == 0 || payload[0] != bunMark && !bytes.HasPrefix(payload, jsonInternal)
}

func (jsonCodec) Classify(payload []byte) (Kind, error) {
	if len(payload) == 0 {
		return Nothing, nil // Bun writes an empty line for what has no JSON, a function for one
	}
	if bytes.HasPrefix(payload, jsonInternal) {
		switch string(payload) {
		case jsonACK:
			return ACK, nil
		case jsonNACK:
			return NACK, nil
		}
		if bytes.HasPrefix(payload, jsonCluster) {
			return Internal, nil
		}
	}
	if !validJSON(payload) {
		reason := stdjson.Unmarshal(payload, new(stdjson.RawMessage))
		return 0, fmt.Errorf("%w: not JSON: %w: %s", ErrProtocol, reason, Excerpt(payload))
	}
	if !bytes.Contains(payload, jsonPrefix) && !bytes.Contains(payload, []byte(`\u`)) && !mayBeExchange(payload) {
		return User, nil
	}
	return kindOf(jsonCommand(payload)), nil
}

// jsonCommand returns the string at an object's key "cmd", as Node has it: of several the last, and of keys and strings that are escaped what
// they stand for.
func jsonCommand(payload []byte) (command string) {
	eachMember(payload, func(key, value []byte) {
		if textOf(key) == "cmd" {
			command = ""
			if value[0] == '"' {
				command = textOf(value[1 : len(value)-1])
			}
		}
	})
	return command
}

// textOf is a valid string, given without its quotes.
func textOf(inner []byte) string {
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var text string
	if stdjson.Unmarshal(slices.Concat([]byte(`"`), inner, []byte(`"`)), &text) != nil {
		return ""
	}
	return text
}

func (jsonCodec) Open(payload []byte) (e Envelope, inner []byte, err error) {
	if rest, ok := bytes.CutPrefix(payload, jsonNative); ok && len(rest) > 0 && validJSON(rest[:len(rest)-1]) {
		// So a primary sends every connection.
		return Envelope{Type: "net.Native"}, rest[:len(rest)-1], nil
	}
	var wrapped struct {
		Envelope
		Message stdjson.RawMessage `json:"msg"`
	}
	if err := stdjson.Unmarshal(payload, &wrapped); err != nil {
		return Envelope{}, nil, fmt.Errorf("%w: a handle's message: %w", ErrProtocol, err)
	}
	if len(wrapped.Message) == 0 {
		return Envelope{}, nil, fmt.Errorf("%w: a handle without a message: %s", ErrProtocol, Excerpt(payload))
	}
	return wrapped.Envelope, wrapped.Message, nil
}

func (jsonCodec) Decode(payload []byte, v any, known Known) error {
	switch v := v.(type) {
	case *stdjson.RawMessage:
		*v = append((*v)[:0], payload...)
		return nil
	case *string:
		if known.Plain || isPlainString(payload) {
			*v = stringOf(payload[1:len(payload)-1], known.Kept)
			return nil
		}
	case *any:
		if *v == nil && (known.Plain || isPlainString(payload)) {
			*v = stringOf(payload[1:len(payload)-1], known.Kept)
			return nil
		}
	}
	if err := json.Unmarshal(payload, v); err != nil {
		return fmt.Errorf("nodeipc: decode the message: %w", err)
	}
	return nil
}
