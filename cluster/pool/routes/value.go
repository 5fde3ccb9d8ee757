package routes

import (
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/cluster/internal/rawjson"
	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// value is one of JavaScript in a message, of either serialization, and what is there where there is none. Names of properties are matched as
// Node does, in their case, and the last of several counts: else a worker could say one thing to the primary and another to those that get
// the message.
type value struct {
	json  []byte // valid JSON; nil in the serialization advanced
	clone any
	there bool
}

func isClone(m nodeipc.Message) bool {
	payload := m.Payload()
	return len(payload) > 0 && payload[0] == structuredclone.FirstByte
}

// valueOf is a message, which it shares the memory of.
func valueOf(m nodeipc.Message) value {
	payload := m.Payload()
	if !isClone(m) {
		return value{json: payload[rawjson.SkipSpace(payload, 0):], there: len(payload) > 0}
	}
	v, err := structuredclone.Options{AliasStrings: true, Alias: true}.Decode(payload)
	return value{clone: v, there: err == nil}
}

// get is an object's property.
func (v value) get(name string) (property value) {
	if o, ok := v.clone.(*structuredclone.Object); ok {
		property.clone, property.there = o.Get(name)
		return property
	}
	for m := range rawjson.Members(v.json) {
		if m.Is(name) {
			property = value{json: m.Value, there: true}
		}
	}
	return property
}

// eachProperty calls f with an object's properties in their order.
func (v value) eachProperty(f func(name string, property value)) {
	if o, ok := v.clone.(*structuredclone.Object); ok {
		for _, p := range o.Properties {
			f(p.Key, value{clone: p.Value, there: true})
		}
		return
	}
	for m := range rawjson.Members(v.json) {
		f(rawjson.Text(m.Key), value{json: m.Value, there: true})
	}
}

// text is a string, and "" where the value is none. It keeps nothing of the message in memory.
func (v value) text() (text string) {
	if v.clone != nil {
		text, _ = v.clone.(string)
		return strings.Clone(text)
	}
	if !v.isText() {
		return ""
	}
	return rawjson.Text(v.json)
}

func (v value) isText() bool {
	_, ok := v.clone.(string)
	return ok || v.begins('"')
}

func (v value) isObject() bool {
	_, ok := v.clone.(*structuredclone.Object)
	return ok || v.begins('{')
}

// isUndefined reports whether there is no value, or undefined.
func (v value) isUndefined() bool { return !v.there || v.clone == structuredclone.Undefined{} }

// number is a small integer, and -1 where the value is none, or one that is written in another way than Node does.
func (v value) number() int {
	if v.clone != nil {
		if n, ok := v.clone.(int32); ok {
			return int(n)
		}
		return -1
	}
	n, err := strconv.Atoi(string(v.json[:min(len(v.json), maxDigits)]))
	if err != nil {
		return -1
	}
	return n
}

// maxDigits is more than what a small integer has.
const maxDigits = 16

// array returns the elements of an array, and whether the value is one. Arrays that Node would not make of a list are none.
func (v value) array() (elements []value, ok bool) {
	if v.begins('[') {
		for element := range rawjson.Elements(v.json) {
			elements = append(elements, value{json: element, there: true})
		}
		return elements, true
	}
	list, ok := v.clone.(*structuredclone.Array)
	if !ok || list.Sparse || len(list.Properties) > 0 {
		return nil, false
	}
	for _, element := range list.Elements {
		elements = append(elements, value{clone: element, there: true})
	}
	return elements, true
}

func (v value) begins(with byte) bool { return len(v.json) > 0 && v.json[0] == with }
