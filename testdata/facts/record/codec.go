//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// codec is one of the two framings of a channel.
type codec interface {
	// split returns the first whole message of b, framing included, or nil.
	split(b []byte) ([]byte, error)
	decode(raw []byte) (any, error)
	encode(message any) ([]byte, error)
}

// bunMark leads each of Bun's internal messages, and each that Bun takes for internal.
const bunMark = 2

// jsonCodec marks internal messages where the runtime does.
type jsonCodec struct{ marks bool }

func (*jsonCodec) split(b []byte) ([]byte, error) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[: i+1 : i+1], nil
	}
	return nil, nil
}

func (c *jsonCodec) decode(raw []byte) (any, error) {
	if raw[0] == bunMark {
		c.marks = true
		raw = raw[1:]
	}
	var message any
	err := json.Unmarshal(raw, &message)
	return message, err
}

func (c *jsonCodec) encode(message any) ([]byte, error) {
	raw, err := marshal(message)
	if o, ok := message.(object); ok && c.marks && o.get("cmd") == "NODE_CLUSTER" {
		raw = append([]byte{bunMark}, raw...)
	}
	return append(raw, '\n'), err
}

// advancedCodec writes the format version that the runtime wrote first, because a runtime refuses a newer one than its own.
type advancedCodec struct{ version byte }

func (*advancedCodec) split(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, nil
	}
	size := int(binary.BigEndian.Uint32(b))
	if size > 1<<24 {
		return nil, fmt.Errorf("a message of %d bytes is no advanced message", size)
	}
	if len(b) < 4+size {
		return nil, nil
	}
	return b[: 4+size : 4+size], nil
}

func (c *advancedCodec) decode(raw []byte) (any, error) {
	r := cloneReader{b: raw[4:]}
	message, err := r.message()
	if c.version == 0 {
		c.version = r.version
	}
	return message, err
}

func (c *advancedCodec) encode(message any) ([]byte, error) {
	return encodeClone(message, c.version)
}

// object is an ordered JSON object: the order of keys is one of the facts.
type object []field

type field struct {
	name  string
	value any
}

func (o object) get(name string) any {
	for _, f := range o {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := marshal(f.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func get(message any, name string) any {
	m, _ := message.(map[string]any)
	return m[name]
}

func text(message any, name string) string {
	s, _ := get(message, name).(string)
	return s
}

func number(message any, name string) int {
	n, _ := get(message, name).(float64)
	return int(n)
}
