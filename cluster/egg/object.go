package egg

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/nodecluster/nodecluster/cluster/internal/rawjson"
)

var errNoObject = errors.New("it is no JSON object")

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
	if i := rawjson.SkipSpace(text, 0); text[i] != '{' {
		return nil, errNoObject
	}
	o := &object{}
	for m := range rawjson.Members(text) {
		o.set(rawjson.Text(m.Key), bytes.Clone(m.Value))
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
