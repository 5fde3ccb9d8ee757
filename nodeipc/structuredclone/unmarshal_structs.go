package structuredclone

import (
	"encoding/json"
	"reflect"
	"strconv"
	"unicode"
	"unicode/utf8"
)

var jsonNumber = reflect.TypeFor[json.Number]()

func pointerDecoder(t reflect.Type) decodeFunc {
	elem := decoderOf(t.Elem())
	unmarshaler := reflect.PointerTo(t.Elem()).Implements(reflect.TypeFor[json.Unmarshaler]())
	return func(d *decoder, v reflect.Value) {
		if tag := d.peek(); tag == tagUndefined || tag == tagNull && !(unmarshaler && !v.IsNil()) {
			d.pos++
			v.SetZero()
			return
		}
		if v.IsNil() {
			v.Set(reflect.New(t.Elem()))
		}
		if d.references && isObject(d.peek()) {
			d.rememberCopy(d.nextID, v)
		}
		d.enter()
		d.into(v.Elem(), elem)
		d.leave()
	}
}

// beginObject reads how a plain object begins.
func (d *decoder) beginObject(v reflect.Value) {
	tag := d.peek()
	start := d.pos
	if tag != tagObject && tag != tagHostObject {
		d.mismatch(v)
	}
	d.tag()
	d.begin()
	if tag == tagObject {
		return
	}
	if d.hostKind() == hostView {
		kind, _ := d.view()
		d.refuseAt(start, kind.String(), v.Type(), BadValue)
	}
	d.tag()
	d.begin()
}

func (d *decoder) endObject() {
	d.pos++
	d.varint()
}

func structDecoder(t reflect.Type) decodeFunc {
	s := structOf(t)
	decoders := make([]decodeFunc, len(s.fields))
	for i := range s.fields {
		decoders[i] = fieldDecoder(&s.fields[i])
	}
	return func(d *decoder, v reflect.Value) {
		d.beginObject(v)
		var few [2]uint64
		seen := bitSet(few[:])
		if len(s.fields) > 64*len(few) {
			seen = make(bitSet, (len(s.fields)+63)/64)
		}
		for i := -1; d.peek() != tagObjectEnd; {
			start := d.pos
			var exact bool
			i, exact = s.find(d.key(), i+1)
			if i < 0 {
				d.skip()
				continue
			}
			f := &s.fields[i]
			if exact && seen.add(i) {
				d.failAt(start, Duplicate, "the key %q is there twice", f.name)
			}
			d.path.push(f.name)
			if target, ok := d.fieldOf(v, f); ok {
				d.into(target, decoders[i])
			}
			d.path.pop()
		}
		d.endObject()
	}
}

// find gives the number of the field with that name, or else of the first that differs from it in case only, or -1. Most
// objects have their properties in the order of the fields: it is likely to be the field expected.
func (s *structType) find(name []byte, expected int) (i int, exact bool) {
	if expected < len(s.fields) && s.fields[expected].name == string(name) {
		return expected, true
	}
	if i, ok := s.byName[string(name)]; ok {
		return i, true
	}
	var few [64]byte
	if i, ok := s.byFolded[string(appendFolded(few[:0], name))]; ok {
		return i, false
	}
	return -1, false
}

// appendFolded appends a name as all that differ from it in case only have it.
func appendFolded(dst, name []byte) []byte {
	for len(name) > 0 {
		r, size := utf8.DecodeRune(name)
		dst = utf8.AppendRune(dst, foldedRune(r))
		name = name[size:]
	}
	return dst
}

// foldedRune is the first of the characters that differ in case only.
func foldedRune(r rune) rune {
	first := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		first = min(first, next)
	}
	return first
}

// bitSet is a set of small numbers.
type bitSet []uint64

// add adds one, and reports whether it was there already.
func (s bitSet) add(i int) (already bool) {
	word, bit := &s[i/64], uint64(1)<<(i%64)
	already = *word&bit != 0
	*word |= bit
	return already
}

// fieldOf finds the field in v, making the embedded structs on the way. It is false, and the value passed over,
// for a null that would need them.
func (d *decoder) fieldOf(v reflect.Value, f *field) (reflect.Value, bool) {
	if len(f.index) == 1 {
		return v.Field(f.index[0]), true
	}
	for n, i := range f.index {
		if n > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if d.null() {
					return reflect.Value{}, false
				}
				if !v.CanSet() {
					d.refuse("a field of an embedded pointer to an unexported struct", v.Type(), BadValue)
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v, true
}

func fieldDecoder(f *field) decodeFunc {
	decode := decoderOf(f.typ)
	if !f.quoted {
		return decode
	}
	return func(d *decoder, v reflect.Value) {
		if d.null() {
			if v.Kind() == reflect.Pointer {
				v.SetZero()
			}
			return
		}
		start := d.pos
		if d.primitive() != "string" {
			d.mismatch(v)
		}
		quoted := d.text(d.unbox()).String()
		if err := json.Unmarshal([]byte(quoted), v.Addr().Interface()); err != nil {
			d.refuseAt(start, "string "+strconv.Quote(quoted), v.Type(), BadValue)
		}
	}
}
