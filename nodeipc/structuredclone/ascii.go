package structuredclone

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

const highBits = 0x8080808080808080

// isASCII looks at 64 bytes at once.
func isASCII(b []byte) bool {
	for len(b) >= 64 {
		if (binary.LittleEndian.Uint64(b)|binary.LittleEndian.Uint64(b[8:])|
			binary.LittleEndian.Uint64(b[16:])|binary.LittleEndian.Uint64(b[24:])|
			binary.LittleEndian.Uint64(b[32:])|binary.LittleEndian.Uint64(b[40:])|
			binary.LittleEndian.Uint64(b[48:])|binary.LittleEndian.Uint64(b[56:]))&highBits != 0 {
			return false
		}
		b = b[64:]
	}
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b)&highBits != 0 {
			return false
		}
		b = b[8:]
	}
	var all byte
	for _, c := range b {
		all |= c
	}
	return all < 0x80
}

// copyASCII gives b as a string if it is ASCII. It looks at each part of b just before it copies that: the processor does
// so while it waits for the memory that the part before goes to.
func copyASCII(b []byte) (s string, ok bool) {
	const most = 1 << 10
	if len(b) <= most {
		if !isASCII(b) {
			return "", false
		}
		return string(b), true
	}
	if !isASCII(b[:most]) {
		return "", false
	}
	var whole strings.Builder
	whole.Grow(len(b))
	for len(b) > 0 {
		part := b[:min(most, len(b))]
		if !isASCII(part) {
			return "", false
		}
		whole.Write(part)
		b = b[len(part):]
	}
	return whole.String(), true
}

// countHighBits says how many bytes are not ASCII.
func countHighBits(b []byte) (n int) {
	for len(b) >= 8 {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(b) & highBits)
		b = b[8:]
	}
	for _, c := range b {
		n += int(c >> 7)
	}
	return n
}
