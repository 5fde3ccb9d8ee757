package codec

import "unsafe"

// longString is how long a string is that may be left in the payload in which it came. A shorter one would keep much that is not
// its own in memory.
const longString = 1 << 10

// stringOf returns a part of a payload, in UTF-8, as a string.
func stringOf(b []byte, kept bool) string {
	if !kept || len(b) < longString {
		return string(b)
	}
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// bytesOf returns the bytes of a string, which must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
