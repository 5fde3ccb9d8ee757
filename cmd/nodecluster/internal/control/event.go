package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// eventFields are the names that no attribute can have.
var eventFields = jsonNames(reflect.TypeFor[Event]())

// plainEvent is an Event without its methods.
type plainEvent Event

// MarshalJSON writes the attributes beside the other fields, in the order of their names. One with the name of a field is left out, and
// one that JSON cannot write is written as a string.
func (e Event) MarshalJSON() ([]byte, error) {
	content, err := json.Marshal(plainEvent(e))
	if err != nil || len(e.Attributes) == 0 {
		return content, err
	}
	line := bytes.NewBuffer(bytes.TrimSuffix(content, []byte("}")))
	for _, name := range slices.Sorted(maps.Keys(e.Attributes)) {
		if slices.Contains(eventFields, name) {
			continue
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(e.Attributes[name])
		if err != nil {
			value, _ = json.Marshal(fmt.Sprint(e.Attributes[name]))
		}
		line.WriteByte(',')
		line.Write(key)
		line.WriteByte(':')
		line.Write(value)
	}
	line.WriteByte('}')
	return line.Bytes(), nil
}

// UnmarshalJSON has every field that it does not know be an attribute. Numbers among them are float64.
func (e *Event) UnmarshalJSON(content []byte) error {
	var plain plainEvent
	if err := json.Unmarshal(content, &plain); err != nil {
		return err
	}
	if err := json.Unmarshal(content, &plain.Attributes); err != nil {
		return err
	}
	for _, name := range eventFields {
		delete(plain.Attributes, name)
	}
	if len(plain.Attributes) == 0 {
		plain.Attributes = nil
	}
	*e = Event(plain)
	return nil
}
