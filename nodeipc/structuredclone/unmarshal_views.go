package structuredclone

import (
	"encoding/binary"
	"math"
	"reflect"
)

// viewInto stores a view: the bytes of a Buffer or Uint8Array in bytes, and the elements of the others in
// numbers of any kind that holds them.
func (d *decoder) viewInto(start int, v reflect.Value) {
	if d.hostKind() != hostView {
		d.refuseAt(start, "Object", v.Type(), BadValue)
	}
	kind, raw := d.view()
	elem := v.Type().Elem()
	if elem.Kind() == reflect.Uint8 && (kind == Buffer || kind == Uint8Array) {
		v.SetBytes(d.bytes(raw))
		return
	}
	read := elementReaders[kind]
	if read == nil {
		d.refuseAt(start, kind.String(), v.Type(), BadValue)
	}
	size := kind.BytesPerElement()
	values := reflect.MakeSlice(v.Type(), len(raw)/size, len(raw)/size)
	for i := range values.Len() {
		if !read(raw[i*size:], values.Index(i)) {
			d.refuseAt(start, kind.String(), v.Type(), BadValue)
		}
	}
	v.Set(values)
}

// elementReaders store the first element of the bytes in a number, if it fits.
var elementReaders = map[ViewKind]func([]byte, reflect.Value) bool{
	Int8Array:         func(b []byte, v reflect.Value) bool { return setInteger(v, int64(int8(b[0]))) },
	Uint8Array:        func(b []byte, v reflect.Value) bool { return setInteger(v, int64(b[0])) },
	Uint8ClampedArray: func(b []byte, v reflect.Value) bool { return setInteger(v, int64(b[0])) },
	Int16Array: func(b []byte, v reflect.Value) bool {
		return setInteger(v, int64(int16(binary.LittleEndian.Uint16(b))))
	},
	Uint16Array: func(b []byte, v reflect.Value) bool {
		return setInteger(v, int64(binary.LittleEndian.Uint16(b)))
	},
	Int32Array: func(b []byte, v reflect.Value) bool {
		return setInteger(v, int64(int32(binary.LittleEndian.Uint32(b))))
	},
	Uint32Array: func(b []byte, v reflect.Value) bool {
		return setInteger(v, int64(binary.LittleEndian.Uint32(b)))
	},
	BigInt64Array: func(b []byte, v reflect.Value) bool {
		return v.CanInt() && setInteger(v, int64(binary.LittleEndian.Uint64(b)))
	},
	BigUint64Array: func(b []byte, v reflect.Value) bool {
		n := binary.LittleEndian.Uint64(b)
		if !v.CanUint() || v.OverflowUint(n) {
			return false
		}
		v.SetUint(n)
		return true
	},
	Float32Array: func(b []byte, v reflect.Value) bool {
		return setFloat(v, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	},
	Float64Array: func(b []byte, v reflect.Value) bool {
		return setFloat(v, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	},
}

func setInteger(v reflect.Value, n int64) bool {
	switch {
	case v.CanInt() && !v.OverflowInt(n):
		v.SetInt(n)
	case v.CanUint() && n >= 0 && !v.OverflowUint(uint64(n)):
		v.SetUint(uint64(n))
	case v.CanFloat():
		v.SetFloat(float64(n))
	default:
		return false
	}
	return true
}

func setFloat(v reflect.Value, f float64) bool {
	if !v.CanFloat() || v.OverflowFloat(f) {
		return false
	}
	v.SetFloat(f)
	return true
}
