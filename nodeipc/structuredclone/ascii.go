package structuredclone

import (
	"encoding/binary"
	"math/bits"
)

const highBits = 0x8080808080808080

// isASCII looks at 32 bytes at once.
func isASCII(b []byte) bool {
	for len(b) >= 32 {
		if (binary.LittleEndian.Uint64(b)|binary.LittleEndian.Uint64(b[8:])|
			binary.LittleEndian.Uint64(b[16:])|binary.LittleEndian.Uint64(b[24:]))&highBits != 0 {
			return false
		}
		b = b[32:]
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
