package structuredclone

import (
	"math"
	"strconv"
)

// The greatest array index, in JavaScript.
const maxIndex = math.MaxUint32 - 1

// arrayIndex gives the index that a key is to JavaScript.
func arrayIndex[T string | []byte](key T) (uint32, bool) {
	if len(key) == 0 || len(key) > len("4294967294") || key[0] == '0' && len(key) > 1 {
		return 0, false
	}
	var n uint64
	for i := range len(key) {
		digit := key[i] - '0'
		if digit > 9 {
			return 0, false
		}
		n = n*10 + uint64(digit)
	}
	return uint32(n), n <= maxIndex
}

// asInt32 gives f as the integer that JavaScript would write it as.
func asInt32(f float64) (int32, bool) {
	// Most others are told by the last bits of a mantissa, of which an int32 has none.
	if math.Float64bits(f)&(1<<21-1) != 0 {
		return 0, false
	}
	n := int32(f)
	return n, float64(n) == f && (n != 0 || !math.Signbit(f))
}

// appendNumber writes f as JavaScript's String(f) does.
func appendNumber(dst []byte, f float64) []byte {
	switch abs := math.Abs(f); {
	case f == 0:
		return append(dst, '0')
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case abs >= 1e-6 && abs < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes two digits of the exponent at least.
	if n := len(dst); dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
