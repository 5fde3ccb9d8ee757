package structuredclone

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"time"
)

// Unmarshal stores the value of a message, which begins with its header, in what v points to, with the rules of
// encoding/json and the same struct tags. The package documentation says which
// JavaScript type goes into which Go type. Null and undefined set pointers, maps, slices and interfaces to nil
// and leave all else as it is. One JavaScript object in two places becomes one Go pointer, map or slice where
// the types agree. Nothing stored refers to data.
//
// The error is a [*SyntaxError] for data that Node could not have sent, and then *v is unchanged for all but
// [Duplicate] and [TooDeep]; an [*UnmarshalTypeError] where the value does not fit the type, and then *v is partly
// filled; an [*InvalidUnmarshalError] for a v that is no pointer; or the error of a method of the type.
func Unmarshal(data []byte, v any) error { return Options{}.Unmarshal(data, v) }

// Unmarshal is [Unmarshal] with these options.
func (o Options) Unmarshal(data []byte, v any) (err error) {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return &InvalidUnmarshalError{reflect.TypeOf(v)}
	}
	d := newDecoder(data)
	defer d.free()
	defer catch(&err)
	d.alias, d.aliasStrings = o.Alias, o.AliasStrings
	d.check()
	if anything, ok := v.(*any); ok && *anything == nil {
		*anything = d.value()
		return nil
	}
	d.into(target.Elem(), decoderOf(target.Type().Elem()))
	return nil
}

// decodeFunc stores the next value in v, which is settable.
type decodeFunc func(d *decoder, v reflect.Value)

var typeDecoders typeFuncs[decodeFunc]

func decoderOf(t reflect.Type) decodeFunc { return typeDecoders.of(t) }

func init() {
	typeDecoders.make = newTypeDecoder
	typeDecoders.later = func(get func() decodeFunc) decodeFunc {
		return func(d *decoder, v reflect.Value) { get()(d, v) }
	}
}

func newTypeDecoder(t reflect.Type) decodeFunc {
	if special, ok := specialDecoders[t]; ok {
		return special
	}
	switch pointer := reflect.PointerTo(t); {
	case isTree(t):
		return decodeTree
	case t.Kind() == reflect.Pointer:
		return pointerDecoder(t)
	case pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return decodeJSONUnmarshaler
	case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return nullable(decodeTextUnmarshaler)
	}
	switch t.Kind() {
	case reflect.Bool:
		return quickBool(nullable(decodeBool))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return quickInt(nullable(decodeInt))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return nullable(decodeUint)
	case reflect.Float32, reflect.Float64:
		return quickFloat(nullable(decodeFloat))
	case reflect.String:
		return quickString(nullable(decodeString))
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return decodeAny
		}
		return nullable(decodeInterface)
	case reflect.Struct:
		return nullable(structDecoder(t))
	case reflect.Map:
		if t == reflect.TypeFor[map[string]any]() {
			return nullable(decodeStringMap(mapDecoder(t)))
		}
		return nullable(mapDecoder(t))
	case reflect.Slice:
		return nullable(sliceDecoder(t))
	case reflect.Array:
		return nullable(arrayDecoder(t))
	}
	return (*decoder).mismatch
}

var specialDecoders map[reflect.Type]decodeFunc

func init() {
	specialDecoders = map[reflect.Type]decodeFunc{
		reflect.TypeFor[time.Time]():       nullable(decodeTime),
		reflect.TypeFor[big.Int]():         nullable(decodeBigInt),
		reflect.TypeFor[json.RawMessage](): decodeJSON,
		reflect.TypeFor[RawMessage]():      decodeRaw,
		reflect.TypeFor[Undefined]():       nullable((*decoder).mismatch),
	}
}

// nullable lets decode see neither null nor undefined.
func nullable(decode decodeFunc) decodeFunc {
	return func(d *decoder, v reflect.Value) {
		if !d.null() {
			decode(d, v)
			return
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
			v.SetZero()
		}
	}
}

// null reads null or undefined if that is next.
func (d *decoder) null() bool {
	if tag := d.peek(); tag != tagNull && tag != tagUndefined {
		return false
	}
	d.pos++
	return true
}

// mismatch fails because the next value does not go into v.
func (d *decoder) mismatch(v reflect.Value) { d.refuse(typeName(d.peek()), v.Type(), BadValue) }

// mismatchAt fails because the value at start does not go into v.
func (d *decoder) mismatchAt(start int, v reflect.Value) {
	d.pos = start
	d.mismatch(v)
}

// refuse fails because of the next value.
func (d *decoder) refuse(what string, t reflect.Type, kind Kind) { d.refuseAt(d.pos, what, t, kind) }

// refuseAt fails because of the value at start.
func (d *decoder) refuseAt(start int, what string, t reflect.Type, kind Kind) {
	panic(failure{&UnmarshalTypeError{Value: what, Type: t, Field: d.path.String(), Offset: start, Kind: kind}})
}
