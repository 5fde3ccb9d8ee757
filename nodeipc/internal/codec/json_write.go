package codec

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"strconv"
	"sync"

	"github.com/goccy/go-json"
)

func (jsonCodec) AppendFrame(dst []byte, d Dialect, v any) ([]byte, error) {
	if d != bun {
		return appendLine(dst, v)
	}
	payload, err := encodeJSON(v)
	if err != nil {
		return dst, err
	}
	return bunFrame(dst, payload), nil
}

func (jsonCodec) AppendPayload(dst []byte, d Dialect, payload []byte) []byte {
	if d == bun {
		return bunFrame(dst, payload)
	}
	return append(append(dst, payload...), '\n')
}

func (jsonCodec) AppendSealed(dst []byte, d Dialect, e Envelope, v any) ([]byte, error) {
	inner, err := encodeJSON(v)
	if err != nil {
		return dst, err
	}
	return sealJSON(dst, d, e, inner)
}

func sealJSON(dst []byte, d Dialect, e Envelope, inner []byte) ([]byte, error) {
	if d == bun {
		if sealed, ok := bunSealed(dst, inner); ok {
			return sealed, nil
		}
	}
	head, err := json.Marshal(e)
	if err != nil {
		return dst, err
	}
	dst = append(dst, `{"cmd":"NODE_HANDLE",`...)
	dst = append(dst, head[1:len(head)-1]...)
	dst = append(dst, `,"msg":`...)
	dst = append(dst, inner...)
	return append(dst, '}', '\n'), nil
}

// encodeJSON returns a value in one line, without the end of the line.
func encodeJSON(v any) ([]byte, error) {
	line, err := appendLine(nil, v)
	if err != nil {
		return nil, err
	}
	return line[:len(line)-1], nil
}

// lineWriter appends what an encoder of go-json writes to line: its Marshal would allocate each message.
type lineWriter struct {
	line    []byte
	encoder *json.Encoder
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.line = append(w.line, b...)
	return len(b), nil
}

var lineWriters = sync.Pool{New: func() any {
	w := new(lineWriter)
	w.encoder = json.NewEncoder(w)
	w.encoder.SetEscapeHTML(false)
	return w
}}

// appendLine appends a value in one line.
func appendLine(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		if plain(bytesOf(v)) == len(v) {
			return append(append(append(dst, '"'), v...), '"', '\n'), nil
		}
	case stdjson.RawMessage:
		if !validJSON(v) {
			return dst, fmt.Errorf("nodeipc: encode the message: not JSON: %s", Excerpt(v))
		}
	}
	w := lineWriters.Get().(*lineWriter)
	defer lineWriters.Put(w)
	w.line = dst
	err := w.encoder.Encode(v)
	line := w.line
	w.line = nil
	if err != nil {
		return dst, fmt.Errorf("nodeipc: encode the message: %w", err)
	}
	return inOneLine(line, len(dst))
}

// inOneLine takes line breaks, which a json.Marshaler may write between values, out of the line that begins at start.
func inOneLine(line []byte, start int) ([]byte, error) {
	value := line[start : len(line)-1]
	if bytes.IndexByte(value, '\n') < 0 {
		return line, nil
	}
	var compact bytes.Buffer
	if err := stdjson.Compact(&compact, value); err != nil {
		return line[:start], fmt.Errorf("nodeipc: encode the message: %w", err)
	}
	return append(append(line[:start], compact.Bytes()...), '\n'), nil
}

// jsonTemplate is a frame around its number, in each dialect.
type jsonTemplate [2]struct{ before, after []byte }

func (jsonCodec) NewTemplate(e Envelope, value func(number uint32) any) (Template, error) {
	payload, err := encodeJSON(value(templateNumber))
	if err != nil {
		return nil, err
	}
	number := strconv.AppendUint(nil, templateNumber, 10)
	var t jsonTemplate
	for d := range t {
		frame, err := sealJSON(nil, Dialect(d), e, payload)
		if err != nil {
			return nil, err
		}
		at := bytes.LastIndex(frame, number)
		if at < 0 {
			return nil, fmt.Errorf("nodeipc: a template without the number that changes: %s", Excerpt(frame))
		}
		t[d].before, t[d].after = frame[:at], frame[at+len(number):]
	}
	return &t, nil
}

func (t *jsonTemplate) Append(dst []byte, d Dialect, number uint32) []byte {
	dst = append(dst, t[d].before...)
	dst = strconv.AppendUint(dst, uint64(number), 10)
	return append(dst, t[d].after...)
}
