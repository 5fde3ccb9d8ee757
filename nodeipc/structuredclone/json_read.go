package structuredclone

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// json writes what JSON.parse gives of text. v is the value that the text is of, for errors.
func (e *encoder) json(text []byte, v any) {
	if text == nil {
		e.byte(tagNull)
		return
	}
	r := jsonReader{text: text}
	if r.tooDeep() {
		e.fail(TooDeep, v, "it is nested deeper than the format is read", nil)
	}
	if !json.Valid(text) {
		e.fail(BadValue, v, "it is not JSON", nil)
	}
	parsed := r.value()
	// The numbers of JSON are written in their shorter form.
	form := e.form
	e.form = plain
	e.value(parsed)
	e.form = form
}

// quoted writes v as JSON within a string.
func (e *encoder) quoted(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		e.fail(BadValue, v, err.Error(), err)
	}
	e.string(string(text))
}

// jsonReader makes a value of JSON that was found to be valid.
type jsonReader struct {
	text []byte
	pos  int
}

func (r *jsonReader) tooDeep() bool {
	depth, inString := 0, false
	for i := 0; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{', c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return false
}

// next gives the next character that is not white space, at which pos then is.
func (r *jsonReader) next() byte {
	for {
		switch c := r.text[r.pos]; c {
		case ' ', '\t', '\r', '\n':
			r.pos++
		default:
			return c
		}
	}
}

func (r *jsonReader) value() any {
	switch r.next() {
	case '{':
		return r.object()
	case '[':
		return r.array()
	case '"':
		return r.string()
	case 't':
		r.pos += len("true")
		return true
	case 'f':
		r.pos += len("false")
		return false
	case 'n':
		r.pos += len("null")
		return nil
	}
	return r.number()
}

func (r *jsonReader) number() float64 {
	start := r.pos
	for r.pos < len(r.text) && strings.IndexByte("0123456789-+.eE", r.text[r.pos]) >= 0 {
		r.pos++
	}
	// What is too great for a float64 is an infinity, as it is for JSON.parse.
	f, _ := strconv.ParseFloat(string(r.text[start:r.pos]), 64)
	return f
}

func (r *jsonReader) array() []any {
	elements := []any{}
	for r.pos++; r.next() != ']'; {
		elements = append(elements, r.value())
		if r.next() == ',' {
			r.pos++
		}
	}
	r.pos++
	return elements
}

func (r *jsonReader) object() *Object {
	o := &Object{}
	at := map[string]int{}
	for r.pos++; r.next() != '}'; {
		key := r.string()
		r.next()
		r.pos++
		v := r.value()
		// The last of several is what JSON.parse takes.
		if i, ok := at[key]; ok {
			o.Properties[i].Value = v
		} else {
			at[key] = len(o.Properties)
			o.Properties = append(o.Properties, Property{key, v})
		}
		if r.next() == ',' {
			r.pos++
		}
	}
	r.pos++
	return o
}

func (r *jsonReader) string() string {
	r.pos++
	start, plain := r.pos, true
	for r.text[r.pos] != '"' {
		if r.text[r.pos] == '\\' {
			plain = false
			r.pos++
		}
		r.pos++
	}
	quoted := r.text[start:r.pos]
	r.pos++
	if plain {
		return string(quoted)
	}
	return unquote(quoted)
}

var escapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func unquote(quoted []byte) string {
	s := make([]byte, 0, len(quoted))
	for i := 0; i < len(quoted); i++ {
		c := quoted[i]
		if c != '\\' {
			s = append(s, c)
			continue
		}
		i++
		if quoted[i] != 'u' {
			if control, ok := escapes[quoted[i]]; ok {
				s = append(s, control)
			} else {
				s = append(s, quoted[i])
			}
			continue
		}
		r := unit(quoted[i+1:])
		i += 4
		if r&halfBits == firstHalf && i+6 < len(quoted) && quoted[i+1] == '\\' && quoted[i+2] == 'u' {
			if pair := utf16.DecodeRune(r, unit(quoted[i+3:])); pair != utf8.RuneError {
				r = pair
				i += 6
			}
		}
		s = appendWTF8(s, r)
	}
	return string(s)
}

func unit(hex []byte) rune {
	n, _ := strconv.ParseUint(string(hex[:4]), 16, 16)
	return rune(n)
}
