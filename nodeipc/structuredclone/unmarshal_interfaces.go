package structuredclone

import (
	"encoding"
	"encoding/json"
	"reflect"
)

// The types of a tree that a variable or a field may have, as pointers or as values.
var treeTypes = map[reflect.Type]bool{
	reflect.TypeFor[Object]():      true,
	reflect.TypeFor[Array]():       true,
	reflect.TypeFor[Map]():         true,
	reflect.TypeFor[Set]():         true,
	reflect.TypeFor[Date]():        true,
	reflect.TypeFor[RegExp]():      true,
	reflect.TypeFor[Boxed]():       true,
	reflect.TypeFor[Error]():       true,
	reflect.TypeFor[ArrayBuffer](): true,
	reflect.TypeFor[View]():        true,
}

// isTree says that t is a type of the tree or a pointer to one.
func isTree(t reflect.Type) bool {
	return treeTypes[t] || t.Kind() == reflect.Pointer && treeTypes[t.Elem()]
}

// inForm gives the next value in that form.
func (d *decoder) inForm(f form) any {
	before := d.form
	d.form = f
	v := d.value()
	d.form = before
	return v
}

// decodeTree stores what Decode would give.
func decodeTree(d *decoder, v reflect.Value) {
	if d.null() {
		if v.Kind() == reflect.Pointer {
			v.SetZero()
		}
		return
	}
	tag := d.peek()
	start := d.pos
	made := reflect.ValueOf(d.inForm(exact))
	if v.Kind() != reflect.Pointer && made.Kind() == reflect.Pointer {
		made = made.Elem()
	}
	if made.Type() != v.Type() {
		d.refuseAt(start, typeName(tag), v.Type(), BadValue)
	}
	v.Set(made)
}

// decodeAny stores a value of the plain form, or fills what v points to already.
func decodeAny(d *decoder, v reflect.Value) {
	if !v.IsNil() && v.Elem().Kind() == reflect.Pointer && !v.Elem().IsNil() && d.peek() != tagNull {
		inner := v.Elem().Elem()
		d.into(inner, decoderOf(inner.Type()))
		return
	}
	if made := d.inForm(plain); made != nil {
		v.Set(reflect.ValueOf(made))
	} else {
		v.SetZero()
	}
}

// decodeInterface stores what the interface of v is good for: an error takes an Error.
func decodeInterface(d *decoder, v reflect.Value) {
	tag := d.peek()
	start := d.pos
	made := reflect.ValueOf(d.inForm(plain))
	if !made.Type().Implements(v.Type()) {
		d.refuseAt(start, typeName(tag), v.Type(), BadValue)
	}
	v.Set(made)
}

func decodeTextUnmarshaler(d *decoder, v reflect.Value) {
	if d.primitive() != "string" {
		d.mismatch(v)
	}
	text := d.text(d.unbox())
	err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text.appendTo(nil))
	if err != nil {
		panic(failure{err})
	}
}

func decodeJSONUnmarshaler(d *decoder, v reflect.Value) {
	if d.peek() == tagUndefined {
		d.pos++
		return
	}
	if err := v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(d.json(v.Type())); err != nil {
		panic(failure{err})
	}
}

func decodeJSON(d *decoder, v reflect.Value) {
	if d.peek() == tagUndefined {
		d.pos++
		v.SetZero()
		return
	}
	v.SetBytes(d.json(v.Type()))
}
