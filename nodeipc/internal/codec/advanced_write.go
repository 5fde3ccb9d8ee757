package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func (advancedCodec) AppendFrame(dst []byte, d Dialect, v any) ([]byte, error) {
	start := len(dst)
	framed, err := optionsOf(d).AppendMarshal(append(dst, make([]byte, lengthSize)...), v)
	if err != nil {
		return dst, fmt.Errorf("nodeipc: encode the message: %w", err)
	}
	putLength(framed[start:])
	return framed, nil
}

// AppendPayload writes the version of the dialect, as a value is written alike in all versions.
func (advancedCodec) AppendPayload(dst []byte, d Dialect, payload []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(min(len(payload), math.MaxUint32)))
	start := len(dst)
	dst = append(dst, payload...)
	dst[start+1] = oldestVersion + byte(d)
	return dst
}

func optionsOf(d Dialect) structuredclone.Options {
	return structuredclone.Options{Version: oldestVersion + int(d)}
}

// putLength writes the length of a frame into it. A length that does not fit is over any channel's limit.
func putLength(frame []byte) {
	binary.BigEndian.PutUint32(frame, uint32(min(len(frame)-lengthSize, math.MaxUint32)))
}

// sealed is a handle's message as Node wraps it.
type sealed struct {
	Command string `json:"cmd"`
	Envelope
	Message any `json:"msg"`
}

func (c advancedCodec) AppendSealed(dst []byte, d Dialect, e Envelope, v any) ([]byte, error) {
	return c.AppendFrame(dst, d, sealed{"NODE_HANDLE", e, v})
}

// advancedTemplate is a frame around its number; the version is that of the first dialect.
type advancedTemplate struct{ before, after []byte }

func (c advancedCodec) NewTemplate(e Envelope, value func(number uint32) any) (Template, error) {
	frame, err := c.AppendSealed(nil, 0, e, value(templateNumber))
	if err != nil {
		return nil, err
	}
	number := appendNumber(nil, templateNumber)
	at := bytes.LastIndex(frame, number)
	if at < 0 {
		return nil, fmt.Errorf("nodeipc: a template without the number that changes: %s", Excerpt(frame))
	}
	return &advancedTemplate{frame[:at], frame[at+len(number):]}, nil
}

func (t *advancedTemplate) Append(dst []byte, d Dialect, number uint32) []byte {
	start := len(dst)
	dst = append(dst, t.before...)
	dst[start+lengthSize+1] = oldestVersion + byte(d)
	dst = append(appendNumber(dst, number), t.after...)
	putLength(dst[start:])
	return dst
}

// appendNumber writes a number as V8 does: as a signed one where it is small enough.
func appendNumber(dst []byte, n uint32) []byte {
	if n > math.MaxInt32 {
		return binary.AppendUvarint(append(dst, 'U'), uint64(n))
	}
	return binary.AppendUvarint(append(dst, 'I'), uint64(n)<<1)
}
