package nodeipc

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"

	"github.com/goccy/go-json"
)

// jsonCodec is Node's default: one line of JSON a message.
type jsonCodec struct{}

const (
	jsonACK  = `{"cmd":"NODE_HANDLE_ACK"}`
	jsonNACK = `{"cmd":"NODE_HANDLE_NACK"}`
)

var (
	jsonInternal = []byte(`{"cmd":"NODE_`)
	jsonPrefix   = []byte("NODE_")
	jsonFirstKey = []byte(`{"cmd":"`)
	jsonNative   = []byte(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":`)
)

func (jsonCodec) cut(buf []byte, searched int) (payload []byte, size, need int) {
	end := bytes.IndexByte(buf[searched:], '\n')
	if end < 0 {
		return nil, 0, len(buf) + 1
	}
	end += searched
	return buf[:end], end + 1, end + 1
}

func (c jsonCodec) classify(payload []byte) (kind, error) {
	if bytes.HasPrefix(payload, jsonInternal) {
		switch string(payload) {
		case jsonACK:
			return kindACK, nil
		case jsonNACK:
			return kindNACK, nil
		}
		if bytes.HasPrefix(payload, []byte(`{"cmd":"NODE_CLUSTER",`)) {
			return kindInternal, nil
		}
	}
	if !stdjson.Valid(payload) {
		return 0, fmt.Errorf("%w: not JSON: %s", ErrProtocol, excerpt(payload))
	}
	if !bytes.Contains(payload, jsonPrefix) && !bytes.Contains(payload, []byte(`\u`)) {
		return kindUser, nil
	}
	return classifyCommand(jsonCommand(payload)), nil
}

// jsonCommand is the string at an object's key "cmd". Where that is not plainly the first key, as Node writes its own
// messages, it goes by way of a map, because a struct's fields also match keys in other cases, which to Node are others.
func jsonCommand(payload []byte) string {
	if rest, ok := bytes.CutPrefix(payload, jsonFirstKey); ok {
		if end := bytes.IndexAny(rest, `"\\`); end >= 0 && rest[end] == '"' {
			return string(rest[:end])
		}
	}
	if payload = bytes.TrimLeft(payload, " \t\r"); len(payload) == 0 || payload[0] != '{' {
		return ""
	}
	var fields map[string]stdjson.RawMessage
	var command string
	if stdjson.Unmarshal(payload, &fields) != nil || stdjson.Unmarshal(fields["cmd"], &command) != nil {
		return ""
	}
	return command
}

func classifyCommand(command string) kind {
	switch {
	case len(command) <= len(jsonPrefix) || command[:len(jsonPrefix)] != string(jsonPrefix):
		return kindUser
	case command == "NODE_HANDLE":
		return kindHandle
	case command == "NODE_HANDLE_ACK":
		return kindACK
	case command == "NODE_HANDLE_NACK":
		return kindNACK
	case command == "NODE_SOCKET_NOTIFY_CLOSE", command == "NODE_SOCKET_ALL_CLOSED",
		command == "NODE_SOCKET_GET_COUNT", command == "NODE_SOCKET_COUNT":
		return kindSocket
	}
	return kindInternal
}

func (jsonCodec) open(payload []byte) (e envelope, inner []byte, err error) {
	if rest, ok := bytes.CutPrefix(payload, jsonNative); ok && len(rest) > 0 && stdjson.Valid(rest[:len(rest)-1]) {
		// So a primary sends every connection.
		return envelope{Type: "net.Native"}, rest[:len(rest)-1], nil
	}
	var wrapped struct {
		envelope
		Message stdjson.RawMessage `json:"msg"`
	}
	if err := stdjson.Unmarshal(payload, &wrapped); err != nil {
		return envelope{}, nil, fmt.Errorf("%w: a handle's message: %w", ErrProtocol, err)
	}
	if len(wrapped.Message) == 0 {
		return envelope{}, nil, fmt.Errorf("%w: a handle without a message: %s", ErrProtocol, excerpt(payload))
	}
	return wrapped.envelope, wrapped.Message, nil
}

func (jsonCodec) seal(dst []byte, e envelope, inner []byte) ([]byte, error) {
	head, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	dst = append(dst, `{"cmd":"NODE_HANDLE",`...)
	dst = append(dst, head[1:len(head)-1]...)
	dst = append(dst, `,"msg":`...)
	dst = append(dst, inner...)
	return append(dst, '}', '\n'), nil
}

func (jsonCodec) frame(dst, payload []byte) []byte {
	return append(append(dst, payload...), '\n')
}

func (jsonCodec) encode(dst []byte, v any) ([]byte, error) {
	if raw, ok := v.(stdjson.RawMessage); ok && !stdjson.Valid(raw) {
		return nil, fmt.Errorf("nodeipc: encode the message: not JSON: %s", excerpt(raw))
	}
	encoded, err := json.MarshalWithOption(v, json.DisableHTMLEscape())
	if err != nil {
		return nil, fmt.Errorf("nodeipc: encode the message: %w", err)
	}
	if bytes.IndexByte(encoded, '\n') < 0 {
		return append(dst, encoded...), nil
	}
	compact := bytes.NewBuffer(dst)
	if err := stdjson.Compact(compact, encoded); err != nil {
		return nil, fmt.Errorf("nodeipc: encode the message: %w", err)
	}
	return compact.Bytes(), nil
}

func (jsonCodec) decode(payload []byte, v any) error {
	if raw, ok := v.(*stdjson.RawMessage); ok {
		*raw = append((*raw)[:0], payload...)
		return nil
	}
	if err := json.Unmarshal(payload, v); err != nil {
		return fmt.Errorf("nodeipc: decode the message: %w", err)
	}
	return nil
}

// excerpt quotes the beginning of bytes for an error.
func excerpt(b []byte) string {
	const most = 60
	if len(b) > most {
		return fmt.Sprintf("%q… (%d bytes)", b[:most], len(b))
	}
	return fmt.Sprintf("%q", b)
}
