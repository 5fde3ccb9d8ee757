package structuredclone

import (
	"reflect"
	"unsafe"
)

// bytesOf gives the bytes of s, which must not be written to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// stringOf gives b as a string, for which nobody may write to b any more.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// anyWords are the two words that an any is made of.
type anyWords struct{ typ, value unsafe.Pointer }

// anyAt gives an any of the type of like, whose value is the one at p, and not a copy as an assignment would make: the
// type's values must not be pointers themselves, and nobody may change the one at p any more. That p may point into an
// array is no trouble: the collector then keeps the array.
func anyAt(like any, p unsafe.Pointer) any {
	(*anyWords)(unsafe.Pointer(&like)).value = p
	return like
}

func anyFloat64(p *float64) any { return anyAt(float64(0), unsafe.Pointer(p)) }

func anyInt32(p *int32) any { return anyAt(int32(0), unsafe.Pointer(p)) }

func anyString(p *string) any { return anyAt("", unsafe.Pointer(p)) }

func anySlice(p *[]any) any { return anyAt([]any(nil), unsafe.Pointer(p)) }

// mapPointer gives what a map is: a pointer.
func mapPointer[V any](m map[string]V) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&m)) }

// sizeOf is how many bytes a T takes.
func sizeOf[T any]() int { return int(unsafe.Sizeof(*new(T))) }

// float64sOf gives a slice of float64.
func float64sOf(v reflect.Value) []float64 {
	return unsafe.Slice((*float64)(v.UnsafePointer()), v.Len())
}
