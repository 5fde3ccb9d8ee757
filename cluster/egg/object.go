package egg

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strconv"
)

var errNoObject = errors.New("it is no JSON object")

// span is where something begins and ends in a text.
type span struct{ begin, end int }

func (s span) of(text []byte) []byte { return text[s.begin:s.end] }

// members are the keys of a JSON object, as they are meant, and where their values are. The text has to be valid JSON: what is in the values is not
// looked at.
func members(text []byte) iter.Seq2[string, span] {
	return func(yield func(string, span) bool) {
		i := skipSpace(text, 0)
		if i == len(text) || text[i] != '{' {
			return
		}
		for i = skipSpace(text, i+1); i < len(text) && text[i] == '"'; i = skipSpace(text, i+1) {
			key := span{i, skipString(text, i)}
			value := span{begin: skipSpace(text, skipSpace(text, key.end)+1)}
			value.end = skipValue(text, value.begin)
			if !yield(decodeKey(key.of(text)), value) {
				return
			}
			if i = skipSpace(text, value.end); i == len(text) || text[i] != ',' {
				return
			}
			i = skipSpace(text, i+1) - 1
		}
	}
}

// decodeKey is what a key in quotation marks means.
func decodeKey(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var key string
	json.Unmarshal(quoted, &key)
	return key
}

// Each of these gives the index after what it is named for, which begins at i.

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n') {
		i++
	}
	return i
}

func skipString(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func skipValue(text []byte, i int) int {
	for depth := 0; ; {
		switch text[i] {
		case '"':
			i = skipString(text, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
			continue
		default:
			i = skipWord(text, i)
		}
		if depth == 0 {
			return i
		}
	}
}

// skipWord is for a number, true, false or null.
func skipWord(text []byte, i int) int {
	for i < len(text) && bytes.IndexByte([]byte(",:]} \t\r\n"), text[i]) < 0 {
		i++
	}
	return i
}

// An object is a JSON object whose members keep their order and their text.
type object struct {
	keys   []string // also those that have no value yet
	values map[string]json.RawMessage
}

// parseObject fails for what is no JSON object. Of members with one key the last counts, at the place of the first, as in JavaScript.
func parseObject(text []byte) (*object, error) {
	if !json.Valid(text) {
		var value any
		return nil, json.Unmarshal(text, &value)
	}
	if i := skipSpace(text, 0); text[i] != '{' {
		return nil, errNoObject
	}
	o := &object{}
	for key, value := range members(text) {
		o.set(key, bytes.Clone(value.of(text)))
	}
	return o, nil
}

// set gives a member a value, at its place, or at the end if it is new.
func (o *object) set(key string, value json.RawMessage) {
	if !slices.Contains(o.keys, key) {
		o.keys = append(o.keys, key)
	}
	if o.values == nil {
		o.values = map[string]json.RawMessage{}
	}
	o.values[key] = value
}

// has reports whether there is a member that is not null.
func (o *object) has(key string) bool {
	value, ok := o.values[key]
	return ok && string(value) != "null"
}

// drop takes a member's value away. Its place stays, for a value that is set again.
func (o *object) drop(key string) { delete(o.values, key) }

// text writes the object without spaces between its members.
func (o *object) text() json.RawMessage {
	text := []byte{'{'}
	for _, key := range o.keys {
		if o.values[key] == nil {
			continue
		}
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(append(append(text, quote(key)...), ':'), o.values[key]...)
	}
	return append(text, '}')
}

// quote writes a text as JSON does, without what is only for HTML.
func quote(text string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(text)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// number writes an integer as JSON does.
func number(n int) json.RawMessage { return strconv.AppendInt(nil, int64(n), 10) }
