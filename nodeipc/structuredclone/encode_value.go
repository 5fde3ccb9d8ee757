package structuredclone

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"time"
	"unsafe"
)

// value writes any value.
func (e *encoder) value(v any) {
	switch v := v.(type) {
	case nil:
		e.byte(tagNull)
	case Undefined:
		e.byte(tagUndefined)
	case bool:
		e.bool(v)
	case int32:
		e.int32(v)
	case int:
		e.number(float64(v))
	case float64:
		e.float64(v)
	case string:
		e.string(v)
	case *big.Int:
		if v == nil {
			e.byte(tagNull)
			return
		}
		e.byte(tagBigInt)
		e.digits(v)
	case time.Time:
		e.time(v)
	case []byte:
		e.bytes(v)
	case []any:
		e.slice(v)
	case map[string]any:
		e.anyMap(v)
	case map[string]string:
		e.textMap(v)
	case RawMessage:
		e.raw(v)
	case json.RawMessage:
		e.json(v, v)
	case Hole:
		e.fail(BadValue, v, "a hole is not within an array", nil)
	default:
		if !e.tree(v) {
			rv := reflect.ValueOf(v)
			encoderOf(rv.Type())(e, rv)
		}
	}
}

// The numbers of the types that are met most.
var (
	numberOfBytes   = numberOf(reflect.TypeFor[[]byte]())
	numberOfAnys    = numberOf(reflect.TypeFor[[]any]())
	numberOfAnyMap  = numberOf(reflect.TypeFor[map[string]any]())
	numberOfTextMap = numberOf(reflect.TypeFor[map[string]string]())
)

func (e *encoder) float64(f float64) {
	if e.form == plain {
		e.number(f)
		return
	}
	e.taggedDouble(f)
}

func (e *encoder) time(t time.Time) {
	// UnixMilli rounds down to a whole millisecond, and is undefined for years far beyond those of a Date.
	if abs := math.Abs(float64(t.Unix())); abs > maxMilliseconds/1000 {
		e.fail(OutOfRange, t, "it is beyond the years of a Date", nil)
	}
	e.begin(tagDate)
	e.double(float64(t.UnixMilli()))
}

func (e *encoder) bytes(b []byte) {
	if b == nil {
		e.byte(tagNull)
		return
	}
	if cap(b) == 0 || e.onceSlice(numberOfBytes, unsafe.Pointer(unsafe.SliceData(b)), len(b)) {
		e.view(Buffer, b)
	}
}

// onceSlice is once for a slice, unless it has no capacity: those are all at one place.
func (e *encoder) onceSlice(typ uint32, pointer unsafe.Pointer, length int) bool {
	i := identity{pointer, length, typ}
	if e.again(i, nil) {
		return false
	}
	e.ids.add(i, e.nextID)
	return true
}

func (e *encoder) view(kind ViewKind, b []byte) {
	e.begin(tagHostObject)
	e.varint(hostView)
	e.varint(uint32(kind))
	e.length(len(b), b)
	e.out = append(e.out, b...)
}

func (e *encoder) slice(elements []any) {
	if elements == nil {
		e.byte(tagNull)
		return
	}
	if cap(elements) > 0 && !e.onceSlice(numberOfAnys, unsafe.Pointer(unsafe.SliceData(elements)), len(elements)) {
		return
	}
	e.enter(elements)
	e.begin(tagDense)
	e.elements(elements)
	e.endDense(0, len(elements))
	e.leave()
}

// elements writes those of a dense array, after their number.
func (e *encoder) elements(elements []any) {
	e.length(len(elements), elements)
	for _, v := range elements {
		if v == (Hole{}) {
			e.byte(tagHole)
		} else {
			e.value(v)
		}
	}
}

func (e *encoder) endDense(properties, length int) {
	e.byte(tagDenseEnd)
	e.varint(uint32(properties))
	e.varint(uint32(length))
}
