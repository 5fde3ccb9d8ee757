package structuredclone

import (
	"encoding"
	"reflect"
	"strconv"
)

// nameFunc stores the name of a property in a map's key, which is zero.
type nameFunc func(d *decoder, name string, key reflect.Value)

func nameDecoder(t reflect.Type) nameFunc {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return nameIntoText
	}
	switch t.Kind() {
	case reflect.String:
		return func(d *decoder, name string, key reflect.Value) { key.SetString(name) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return nameIntoInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return nameIntoUint
	}
	return (*decoder).refuseName
}

func (d *decoder) refuseName(name string, key reflect.Value) {
	d.refuse("the key "+strconv.Quote(name), key.Type(), BadValue)
}

func nameIntoText(d *decoder, name string, key reflect.Value) {
	if err := key.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(name)); err != nil {
		panic(failure{err})
	}
}

func nameIntoInt(d *decoder, name string, key reflect.Value) {
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil || key.OverflowInt(n) {
		d.refuseName(name, key)
	}
	key.SetInt(n)
}

func nameIntoUint(d *decoder, name string, key reflect.Value) {
	n, err := strconv.ParseUint(name, 10, 64)
	if err != nil || key.OverflowUint(n) {
		d.refuseName(name, key)
	}
	key.SetUint(n)
}
