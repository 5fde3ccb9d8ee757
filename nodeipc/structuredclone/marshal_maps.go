package structuredclone

import (
	"encoding"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// mapKey is one of a map being written, and its name as a property.
type mapKey struct {
	name string
	key  reflect.Value
}

func mapEncoder(t reflect.Type) encodeFunc {
	switch t {
	case reflect.TypeFor[map[string]any](), reflect.TypeFor[map[string]string]():
		return func(e *encoder, v reflect.Value) { e.value(v.Interface()) }
	}
	elem, number := encoderOf(t.Elem()), numberOf(t)
	return func(e *encoder, v reflect.Value) {
		if v.IsNil() {
			e.byte(tagNull)
			return
		}
		if e.refersTo(v, number) {
			return
		}
		first := len(e.keys)
		for keys := v.MapRange(); keys.Next(); {
			e.keys = append(e.keys, mapKey{e.keyName(keys.Key()), keys.Key()})
		}
		keys := e.keys[first:]
		writeMap(e, keys, func(k mapKey) string { return k.name }, func(k mapKey) { elem(e, v.MapIndex(k.key)) })
		e.keys = e.keys[:first]
	}
}

// anyMap is for the maps that are met most.
func (e *encoder) anyMap(m map[string]any) {
	if e.againMap(mapPointer(m), numberOfAnyMap, m) {
		return
	}
	first := len(e.entries)
	for name, v := range m {
		e.entries = append(e.entries, Property{name, v})
	}
	writeMap(e, e.entries[first:], func(p Property) string { return p.Key }, func(p Property) { e.value(p.Value) })
	e.entries = e.entries[:first]
}

// textMap is for maps of strings.
func (e *encoder) textMap(m map[string]string) {
	if e.againMap(mapPointer(m), numberOfTextMap, m) {
		return
	}
	first := len(e.keys)
	for name := range m {
		e.keys = append(e.keys, mapKey{name: name})
	}
	writeMap(e, e.keys[first:], func(k mapKey) string { return k.name }, func(k mapKey) { e.string(m[k.name]) })
	e.keys = e.keys[:first]
}

// againMap writes null for a map that is nil, and a reference to one that was written before.
func (e *encoder) againMap(pointer unsafe.Pointer, typ uint32, m any) bool {
	if pointer == nil {
		e.byte(tagNull)
		return true
	}
	i := identity{pointer: pointer, typ: typ}
	if e.again(i, m) {
		return true
	}
	e.ids.add(i, e.nextID)
	return false
}

// writeMap writes an object of these entries, by calling write for each value, and clears them.
func writeMap[E any](e *encoder, entries []E, name func(E) string, write func(E)) {
	slices.SortFunc(entries, func(a, b E) int { return strings.Compare(name(a), name(b)) })
	e.enter(nil)
	e.begin(tagObject)
	for n, entry := range entries {
		key := name(entry)
		if n > 0 && key == name(entries[n-1]) {
			e.fail(Duplicate, nil, "a map has two keys named "+key, nil)
		}
		e.path.push(key)
		e.key(key)
		write(entry)
		e.path.pop()
	}
	e.byte(tagObjectEnd)
	e.length(len(entries), nil)
	e.leave()
	clear(entries)
}

func (e *encoder) keyName(key reflect.Value) string {
	if key.Kind() == reflect.String {
		return key.String()
	}
	if marshaler, ok := key.Interface().(encoding.TextMarshaler); ok {
		if key.Kind() == reflect.Pointer && key.IsNil() {
			return ""
		}
		text, err := marshaler.MarshalText()
		if err != nil {
			e.fail(BadValue, key.Interface(), "MarshalText: "+err.Error(), err)
		}
		return string(text)
	}
	switch {
	case key.CanInt():
		return strconv.FormatInt(key.Int(), 10)
	case key.CanUint():
		return strconv.FormatUint(key.Uint(), 10)
	}
	e.fail(NotCloneable, key.Interface(), "a map's keys are strings or integers; use a Map for others", nil)
	return ""
}
