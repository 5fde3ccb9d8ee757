package routes

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// log4jsConstants are what JSON has no word for, and log4js writes as strings.
var log4jsConstants = map[string]structuredclone.Value{
	"__LOG4JS_undefined__": structuredclone.Undefined{},
	"__LOG4JS_NaN__":       math.NaN(),
	"__LOG4JS_Infinity__":  math.Inf(1),
	"__LOG4JS_-Infinity__": math.Inf(-1),
}

// parseFlatted reads what the package flatted has made of a value: an array of JSON whose first element is the value. A string within an object
// or an array is the place of what stands there, which is how a value contains itself. It takes time and memory in proportion to the text.
func parseFlatted(text string) (structuredclone.Value, error) {
	r := flattedReader{text: text}
	if err := r.table(); err != nil {
		return nil, fmt.Errorf("%w at byte %d", err, r.pos)
	}
	if len(r.values) == 0 {
		return nil, errors.New("there is no value")
	}
	for _, v := range r.values {
		if err := r.resolve(v); err != nil {
			return nil, err
		}
	}
	return r.values[0], nil
}

// flattedReader reads JSON that is as flatted writes it: of strings, and of objects and arrays without others in them.
type flattedReader struct {
	text   string
	pos    int
	values []structuredclone.Value
}

// place is where in the table a value is.
type place int

var errFlatted = errors.New("it is not what flatted writes")

func (r *flattedReader) table() error {
	r.values = make([]structuredclone.Value, 0, 8)
	err := r.list('[', ']', func() error {
		v, err := r.element()
		r.values = append(r.values, v)
		return err
	})
	if err == nil && r.next() != 0 {
		return errFlatted
	}
	return err
}

// element is one of the table: what contains others has places for strings.
func (r *flattedReader) element() (structuredclone.Value, error) {
	switch r.next() {
	case '{':
		return r.object()
	case '[':
		a := &structuredclone.Array{Elements: []structuredclone.Value{}}
		return a, r.list('[', ']', func() error {
			v, err := r.part()
			a.Elements = append(a.Elements, v)
			return err
		})
	case '"':
		s, err := r.string()
		if constant, ok := log4jsConstants[s]; ok {
			return constant, err
		}
		return s, err
	}
	return r.scalar()
}

func (r *flattedReader) object() (*structuredclone.Object, error) {
	o := &structuredclone.Object{}
	return o, r.list('{', '}', func() error {
		key, err := r.string()
		if err != nil || r.next() != ':' {
			return errFlatted
		}
		r.pos++
		v, err := r.part()
		o.Properties = append(o.Properties, structuredclone.Property{Key: key, Value: v})
		return err
	})
}

// part is what an object or an array contains.
func (r *flattedReader) part() (structuredclone.Value, error) {
	if r.next() != '"' {
		return r.scalar()
	}
	s, err := r.string()
	if err != nil {
		return nil, err
	}
	at, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return nil, errFlatted
	}
	return place(at), nil
}

// list reads what stands between brackets, with commas between.
func (r *flattedReader) list(open, end byte, item func() error) error {
	if r.next() != open {
		return errFlatted
	}
	r.pos++
	if r.next() == end {
		r.pos++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		switch r.next() {
		case ',':
			r.pos++
		case end:
			r.pos++
			return nil
		default:
			return errFlatted
		}
	}
}

// next is the next byte that is not white, at which pos then is; 0 at the end.
func (r *flattedReader) next() byte {
	for ; r.pos < len(r.text); r.pos++ {
		switch c := r.text[r.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (r *flattedReader) scalar() (structuredclone.Value, error) {
	rest := r.text[r.pos:]
	for _, word := range []struct {
		text  string
		value structuredclone.Value
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if strings.HasPrefix(rest, word.text) {
			r.pos += len(word.text)
			return word.value, nil
		}
	}
	end := 0
	for end < len(rest) && strings.IndexByte("0123456789-+.eE", rest[end]) >= 0 {
		end++
	}
	f, err := strconv.ParseFloat(rest[:end], 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, errFlatted
	}
	r.pos += end
	return f, nil
}

func (r *flattedReader) string() (string, error) {
	if r.next() != '"' {
		return "", errFlatted
	}
	r.pos++
	end := strings.IndexByte(r.text[r.pos:], '"')
	if end < 0 {
		return "", errFlatted
	}
	if s := r.text[r.pos : r.pos+end]; strings.IndexByte(s, '\\') < 0 {
		r.pos += end + 1
		return s, nil
	}
	return r.escaped()
}

// escaped is a string with escapes in it.
func (r *flattedReader) escaped() (string, error) {
	var s strings.Builder
	for {
		n := strings.IndexAny(r.text[r.pos:], `"\`)
		if n < 0 {
			return "", errFlatted
		}
		s.WriteString(r.text[r.pos : r.pos+n])
		r.pos += n + 1
		if r.text[r.pos-1] == '"' {
			return s.String(), nil
		}
		c, ok := r.escape()
		if !ok {
			return "", errFlatted
		}
		s.WriteRune(c)
	}
}

// escape is what stands behind a backslash. Half of a surrogate pair becomes the replacement character.
func (r *flattedReader) escape() (rune, bool) {
	if r.pos == len(r.text) {
		return 0, false
	}
	c := r.text[r.pos]
	r.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		return r.unit()
	}
	return 0, false
}

// unit is a character by its number, or by the two of a surrogate pair.
func (r *flattedReader) unit() (rune, bool) {
	first, ok := r.hex()
	if !ok || !utf16.IsSurrogate(first) {
		return first, ok
	}
	before := r.pos
	if strings.HasPrefix(r.text[r.pos:], `\u`) {
		r.pos += 2
		if second, ok := r.hex(); ok {
			if c := utf16.DecodeRune(first, second); c != utf8.RuneError {
				return c, true
			}
		}
	}
	r.pos = before
	return utf8.RuneError, true
}

func (r *flattedReader) hex() (rune, bool) {
	if r.pos+4 > len(r.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(r.text[r.pos:r.pos+4], 16, 16)
	r.pos += 4
	return rune(n), err == nil
}

// resolve puts what stands at the places in a value where the places are.
func (r *flattedReader) resolve(v structuredclone.Value) error {
	var err error
	switch v := v.(type) {
	case *structuredclone.Object:
		for i := range v.Properties {
			if v.Properties[i].Value, err = r.at(v.Properties[i].Value); err != nil {
				return err
			}
		}
	case *structuredclone.Array:
		for i := range v.Elements {
			if v.Elements[i], err = r.at(v.Elements[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *flattedReader) at(v structuredclone.Value) (structuredclone.Value, error) {
	at, ok := v.(place)
	if !ok {
		return v, nil
	}
	if int(at) >= len(r.values) {
		return nil, fmt.Errorf("there is no value %d", at)
	}
	return r.values[at], nil
}
