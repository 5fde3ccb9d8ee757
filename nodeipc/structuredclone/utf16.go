package structuredclone

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// Four units of UTF-16 at once, as they are in a uint64.
const (
	eachUnit     = 0x0001000100010001
	beyondASCII  = 0xFF80 * eachUnit
	beyondTwo    = 0xF800 * eachUnit // what takes three bytes in UTF-8
	unitHighBits = 0x8000 * eachUnit
)

// anyIn marks each unit that has some of the bits of mask, in its highest bit.
func anyIn(units, mask uint64) uint64 {
	units &= mask
	return (units&^unitHighBits + ^uint64(unitHighBits) | units) & unitHighBits
}

// sizeOfUTF16 is how many bytes raw takes in UTF-8, with three for each surrogate.
func sizeOfUTF16(raw []byte) int {
	n := len(raw) / 2
	for ; len(raw) >= 8; raw = raw[8:] {
		units := binary.LittleEndian.Uint64(raw)
		if units&beyondASCII != 0 {
			n += bits.OnesCount64(anyIn(units, beyondASCII) | anyIn(units, beyondTwo)>>1)
		}
	}
	for ; len(raw) > 0; raw = raw[2:] {
		switch c := binary.LittleEndian.Uint16(raw); {
		case c >= 0x800:
			n += 2
		case c >= 0x80:
			n++
		}
	}
	return n
}

// appendUTF16 appends what raw is in WTF-8.
func appendUTF16(dst, raw []byte) []byte {
	size := sizeOfUTF16(raw)
	dst = slices.Grow(dst, size)
	out := dst[len(dst) : len(dst)+size]
	n := 0
	// Where four units and more are to come, four bytes are left at least.
	for len(raw) > 8 {
		units := binary.LittleEndian.Uint64(raw)
		switch {
		case units&beyondTwo != 0:
			taken, given := putUnit(out[n:], raw)
			raw, n = raw[taken:], n+given
			continue
		case anyIn(units, beyondASCII) == unitHighBits:
			binary.LittleEndian.PutUint64(out[n:], 0x80C0*eachUnit|units>>6&(0x1F*eachUnit)|units&(0x3F*eachUnit)<<8)
			n += 8
		default:
			// Two bytes are stored where one counts: the next is stored over the other.
			for range 4 {
				unit := uint16(units)
				stored, given := unit, 1
				if unit >= utf8.RuneSelf {
					stored, given = 0x80C0|unit>>6|unit&0x3F<<8, 2
				}
				binary.LittleEndian.PutUint16(out[n:], stored)
				n += given
				units >>= 16
			}
		}
		raw = raw[8:]
	}
	for len(raw) > 0 {
		taken, given := putUnit(out[n:], raw)
		raw, n = raw[taken:], n+given
	}
	return dst[:len(dst)+n]
}

// putUnit writes the first unit of raw, or pair of surrogates, and says how many bytes of each that was.
func putUnit(out, raw []byte) (taken, given int) {
	r := rune(binary.LittleEndian.Uint16(raw))
	switch {
	case r < utf8.RuneSelf:
		out[0] = byte(r)
		return 2, 1
	case r < 0x800:
		_ = out[1]
		out[0], out[1] = 0xC0|byte(r>>6), 0x80|byte(r)&0xBF
		return 2, 2
	case isHighSurrogate(r) && len(raw) >= 4:
		if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(raw[2:]))); pair != utf8.RuneError {
			return 4, utf8.EncodeRune(out, pair)
		}
	}
	_ = out[2]
	out[0], out[1], out[2] = 0xE0|byte(r>>12), 0x80|byte(r>>6)&0xBF, 0x80|byte(r)&0xBF
	return 2, 3
}

func isHighSurrogate(r rune) bool { return r >= 0xD800 && r < 0xDC00 }
