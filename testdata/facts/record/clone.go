//go:build linux

package main

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf16"
)

var errShort = errors.New("structured clone: message ends early")

// undefined is left out of objects, as JSON leaves it out.
type undefined struct{}

// cloneReader reads as much of V8's structured clone format as a worker's messages hold.
type cloneReader struct {
	b       []byte
	at      int
	version byte
}

func (r *cloneReader) message() (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			if e, ok := p.(error); ok && errors.Is(e, errShort) {
				err = e
				return
			}
			panic(p)
		}
	}()
	if r.byte() != 0xFF {
		return nil, errors.New("structured clone: no version header")
	}
	r.version = r.byte()
	return r.value()
}

func (r *cloneReader) take(n int) []byte {
	if n < 0 || r.at+n > len(r.b) {
		panic(errShort)
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *cloneReader) byte() byte { return r.take(1)[0] }

func (r *cloneReader) varint() uint64 {
	n, size := binary.Uvarint(r.b[r.at:])
	if size <= 0 {
		panic(errShort)
	}
	r.at += size
	return n
}

func (r *cloneReader) value() (any, error) {
	tag := r.byte()
	for tag == 0 {
		tag = r.byte()
	}
	switch tag {
	case '_':
		return undefined{}, nil
	case '0':
		return nil, nil
	case 'T':
		return true, nil
	case 'F':
		return false, nil
	case 'I':
		n := r.varint()
		return float64(int64(n>>1) ^ -int64(n&1)), nil
	case 'N':
		return math.Float64frombits(binary.LittleEndian.Uint64(r.take(8))), nil
	case '"', 'c':
		return r.str(tag), nil
	case 'o':
		return r.object()
	case 'A':
		return r.array()
	case '\\':
		return r.hostObject()
	}
	return nil, fmt.Errorf("structured clone: tag %q not known to the recorder", tag)
}

func (r *cloneReader) str(tag byte) string {
	b := r.take(int(r.varint()))
	if tag == 'c' {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.LittleEndian.Uint16(b[2*i:])
		}
		return string(utf16.Decode(units))
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func (r *cloneReader) object() (any, error) {
	m := map[string]any{}
	for r.b[min(r.at, len(r.b)-1)] != '{' {
		name, err := r.value()
		if err != nil {
			return nil, err
		}
		value, err := r.value()
		if err != nil {
			return nil, err
		}
		if value != (undefined{}) {
			m[fmt.Sprint(name)] = value
		}
	}
	r.byte()
	r.varint()
	return m, nil
}

func (r *cloneReader) array() (any, error) {
	list := make([]any, 0)
	for n := r.varint(); n > 0; n-- {
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if r.byte() != '$' {
		return nil, errors.New("structured clone: an array with properties")
	}
	r.varint()
	r.varint()
	return list, nil
}

func (r *cloneReader) hostObject() (any, error) {
	if r.varint() != 0 {
		return r.value()
	}
	r.varint()
	return hex.EncodeToString(r.take(int(r.varint()))), nil
}

// encodeClone frames message for advanced mode in the given version of the format.
func encodeClone(message any, version byte) ([]byte, error) {
	b, err := appendClone([]byte{0, 0, 0, 0, 0xFF, version}, message)
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b, nil
}

func appendClone(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, '0'), nil
	case bool:
		if v {
			return append(b, 'T'), nil
		}
		return append(b, 'F'), nil
	case int:
		return binary.AppendVarint(append(b, 'I'), int64(v)), nil
	case float64:
		return binary.LittleEndian.AppendUint64(append(b, 'N'), math.Float64bits(v)), nil
	case string:
		return append(binary.AppendUvarint(append(b, '"'), uint64(len(v))), v...), nil
	case map[string]any:
		var o object
		for _, name := range slices.Sorted(maps.Keys(v)) {
			o = append(o, field{name, v[name]})
		}
		return appendClone(b, o)
	case object:
		b = append(b, 'o')
		var err error
		for _, f := range v {
			if b, err = appendClone(b, f.name); err != nil {
				return nil, err
			}
			if b, err = appendClone(b, f.value); err != nil {
				return nil, err
			}
		}
		return binary.AppendUvarint(append(b, '{'), uint64(len(v))), nil
	}
	return nil, fmt.Errorf("structured clone: %T not known to the recorder", v)
}
