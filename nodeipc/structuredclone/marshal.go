package structuredclone

import (
	"encoding"
	"encoding/json"
	"errors"
	"math/big"
	"reflect"
	"time"
)

// Marshal gives the message, with its header, of any Go value, with the rules of encoding/json and the same
// struct tags: so that Node reads of it what JSON.parse gives of encoding/json's output, but for what JSON
// cannot say. The package documentation has the table of types. The same pointer, map or slice twice is one
// object in JavaScript, and a value may contain itself through them.
//
// The error is a [*CloneError], which has the error of a value's own method in its chain.
func Marshal(v any) ([]byte, error) { return Options{}.Marshal(v) }

// AppendMarshal is [Marshal] that appends to dst, whatever is in it. It gives nil with an error; what dst had
// is unchanged.
func AppendMarshal(dst []byte, v any) ([]byte, error) { return Options{}.AppendMarshal(dst, v) }

// Marshal is [Marshal] with these options.
func (o Options) Marshal(v any) ([]byte, error) { return o.write(v, plain) }

// AppendMarshal is [AppendMarshal] with these options.
func (o Options) AppendMarshal(dst []byte, v any) ([]byte, error) {
	e := encoders.Get().(*encoder)
	defer e.free()
	return o.append(e, dst, v, plain)
}

// encodeFunc writes v.
type encodeFunc func(e *encoder, v reflect.Value)

var typeEncoders typeFuncs[encodeFunc]

func encoderOf(t reflect.Type) encodeFunc { return typeEncoders.of(t) }

func init() {
	typeEncoders.make = newTypeEncoder
	typeEncoders.later = func(get func() encodeFunc) encodeFunc {
		return func(e *encoder, v reflect.Value) { get()(e, v) }
	}
}

// The types that value knows, which must not go the way of their kind.
var knownTypes = map[reflect.Type]bool{
	reflect.TypeFor[Undefined]():       true,
	reflect.TypeFor[Hole]():            true,
	reflect.TypeFor[time.Time]():       true,
	reflect.TypeFor[*big.Int]():        true,
	reflect.TypeFor[RawMessage]():      true,
	reflect.TypeFor[json.RawMessage](): true,
}

var (
	errorType         = reflect.TypeFor[error]()
	jsonMarshalerType = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
)

func newTypeEncoder(t reflect.Type) encodeFunc {
	switch {
	case knownTypes[t]:
		return func(e *encoder, v reflect.Value) { e.value(v.Interface()) }
	case isTree(t):
		return encodeTree
	case t == reflect.TypeFor[big.Int]():
		return encodeBigInt
	case t.Kind() == reflect.Interface:
		return encodeInterface
	case t.Implements(errorType):
		return encodeError
	case t.Implements(jsonMarshalerType):
		return encodeJSONMarshaler
	case t.Implements(textMarshalerType):
		return encodeTextMarshaler
	}
	byKind := newKindEncoder(t)
	if t.Kind() == reflect.Pointer {
		return byKind
	}
	switch pointer := reflect.PointerTo(t); {
	case pointer.Implements(errorType):
		return addressed(encodeError, byKind)
	case pointer.Implements(jsonMarshalerType):
		return addressed(encodeJSONMarshaler, byKind)
	case pointer.Implements(textMarshalerType):
		return addressed(encodeTextMarshaler, byKind)
	}
	return byKind
}

// addressed uses the method of a value's pointer where the value has an address, as encoding/json does.
func addressed(method, byKind encodeFunc) encodeFunc {
	return func(e *encoder, v reflect.Value) {
		if v.CanAddr() {
			method(e, v.Addr())
		} else {
			byKind(e, v)
		}
	}
}

func newKindEncoder(t reflect.Type) encodeFunc {
	switch t.Kind() {
	case reflect.Bool:
		return func(e *encoder, v reflect.Value) { e.bool(v.Bool()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(e *encoder, v reflect.Value) { e.number(float64(v.Int())) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return func(e *encoder, v reflect.Value) { e.number(float64(v.Uint())) }
	case reflect.Float32, reflect.Float64:
		return func(e *encoder, v reflect.Value) { e.float64(v.Float()) }
	case reflect.String:
		if t == jsonNumber {
			return encodeJSONNumber
		}
		return func(e *encoder, v reflect.Value) { e.string(v.String()) }
	case reflect.Pointer:
		return pointerEncoder(t)
	case reflect.Struct:
		return structEncoder(t)
	case reflect.Map:
		return mapEncoder(t)
	case reflect.Slice:
		return sliceEncoder(t)
	case reflect.Array:
		return arrayEncoder(t)
	}
	return func(e *encoder, v reflect.Value) {
		e.fail(NotCloneable, v.Interface(), "JavaScript has nothing like it", nil)
	}
}

func encodeInterface(e *encoder, v reflect.Value) {
	if v.IsNil() {
		e.byte(tagNull)
		return
	}
	e.value(v.Interface())
}

func encodeBigInt(e *encoder, v reflect.Value) {
	n := v.Interface().(big.Int)
	e.byte(tagBigInt)
	e.digits(&n)
}

// encodeTree writes a type of the tree that is a value and no pointer, or a pointer.
func encodeTree(e *encoder, v reflect.Value) {
	if v.Kind() != reflect.Pointer {
		if !v.CanAddr() {
			copied := reflect.New(v.Type())
			copied.Elem().Set(v)
			v = copied.Elem()
		}
		v = v.Addr()
	}
	e.tree(v.Interface())
}

func encodeError(e *encoder, v reflect.Value) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			e.byte(tagNull)
			return
		}
		if e.refersTo(v, numberOf(v.Type())) {
			return
		}
	}
	e.enter(nil)
	e.error(asError(v.Interface().(error)))
	e.leave()
}

func encodeJSONMarshaler(e *encoder, v reflect.Value) {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		e.byte(tagNull)
		return
	}
	written, err := v.Interface().(json.Marshaler).MarshalJSON()
	if err != nil {
		e.fail(BadValue, v.Interface(), "MarshalJSON: "+err.Error(), err)
	}
	e.json(written, v.Interface())
}

func encodeTextMarshaler(e *encoder, v reflect.Value) {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		e.byte(tagNull)
		return
	}
	text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		e.fail(BadValue, v.Interface(), "MarshalText: "+err.Error(), err)
	}
	e.string(string(text))
}

func encodeJSONNumber(e *encoder, v reflect.Value) {
	number := json.Number(v.String())
	if number == "" {
		number = "0"
	}
	f, err := number.Float64()
	if err != nil {
		e.fail(BadValue, number, "it is not a number", errors.Unwrap(err))
	}
	e.number(f)
}
