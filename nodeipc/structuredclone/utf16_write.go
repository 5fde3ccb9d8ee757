package structuredclone

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// measure counts the UTF-16 code units of s, which is WTF-8, and reports whether one of them is more than a byte.
func measure(s []byte) (units int, wide bool) {
	units = len(s)
	for ; len(s) >= 8 && !wide; s = s[8:] {
		eight := binary.LittleEndian.Uint64(s)
		units -= fewerUnits(eight)
		wide = someWide(eight)
	}
	for ; len(s) >= 8; s = s[8:] {
		units -= fewerUnits(binary.LittleEndian.Uint64(s))
	}
	var last [8]byte
	copy(last[:], s)
	eight := binary.LittleEndian.Uint64(last[:])
	return units - fewerUnits(eight), wide || someWide(eight)
}

// In these two the shifts bring the other bits of each byte to where its highest is.

// fewerUnits says how many units fewer than bytes there are: a character has one, and two if it has four bytes.
func fewerUnits(eight uint64) int {
	fewer := bits.OnesCount64(eight &^ (eight << 1) & highBits)
	if fours := eight & (eight << 1) & (eight << 2) & (eight << 3) & highBits; fours != 0 {
		fewer -= bits.OnesCount64(fours)
	}
	return fewer
}

// someWide reports whether a character begins that is more than a byte in UTF-16.
func someWide(eight uint64) bool {
	return eight&(eight<<1)&(eight<<2|eight<<3|eight<<4|eight<<5)&highBits != 0
}

// putLatin1 fills out with the characters of s, unless s is not UTF-8.
func putLatin1(out, s []byte) bool {
	n := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			i++
			if c&^1 != 0xC2 || i == len(s) || s[i]&0xC0 != 0x80 {
				return false
			}
			c = c<<6 | s[i]&0x3F
		}
		out[n] = c
		n++
	}
	return true
}

// putUTF16 fills out with the units of s, unless s is not WTF-8.
func putUTF16(out, s []byte) bool {
	i, o := 0, 0
	// Four units are stored each time, and count as far as they are those of characters that are alike. That all four do
	// is told apart, for the processor to go on before it knows.
	for len(s)-i >= 8 && len(out)-o >= 8 {
		eight := binary.LittleEndian.Uint64(s[i:])
		var taken, given int
		switch lead := byte(eight); {
		case lead < utf8.RuneSelf:
			binary.LittleEndian.PutUint64(out[o:], asUnits(uint32(eight)))
			if taken, given = 4, 8; eight&(highBits&0xFFFFFFFF) != 0 {
				taken, given = 1, 2
			}
		case lead < 0xE0:
			units, others := twos(eight)
			binary.LittleEndian.PutUint64(out[o:], units)
			if others == 0 {
				taken, given = 8, 8
			} else {
				taken = bits.TrailingZeros64(others) / 16 * 2
				given = taken
				if c := s[i+taken]; c < utf8.RuneSelf {
					binary.LittleEndian.PutUint16(out[o+given:], uint16(c))
					taken, given = taken+1, given+2
				}
			}
		case lead < 0xF0:
			if units, ok := twoOfThree(eight); ok {
				binary.LittleEndian.PutUint32(out[o:], units)
				taken, given = 6, 4
			}
		}
		if taken == 0 {
			if taken, given = putCharacter(out[o:], s[i:]); taken == 0 {
				return false
			}
		}
		i, o = i+taken, o+given
	}
	for i < len(s) {
		taken, given := putCharacter(out[o:], s[i:])
		if taken == 0 {
			return false
		}
		i, o = i+taken, o+given
	}
	return true
}

// twos gives a unit for each two bytes, and marks those that are not of a character of two bytes in their highest bit.
func twos(eight uint64) (units, others uint64) {
	const overlong = 0x001E * eachUnit // what 0xC0 and 0xC1 have none of
	others = anyIn(eight^0x80C0*eachUnit, 0xC0E0*eachUnit) | (anyIn(eight, overlong) ^ unitHighBits)
	return eight&(0x1F*eachUnit)<<6 | eight>>8&(0x3F*eachUnit), others
}

// twoOfThree gives two units for bytes that begin with two characters of three.
func twoOfThree(eight uint64) (units uint32, ok bool) {
	first := uint32(eight)&0xF<<12 | uint32(eight>>8)&0x3F<<6 | uint32(eight>>16)&0x3F
	second := uint32(eight>>24)&0xF<<12 | uint32(eight>>32)&0x3F<<6 | uint32(eight>>40)&0x3F
	ok = eight&0xC0C0F0C0C0F0 == 0x8080E08080E0 && first >= 0x800 && second >= 0x800
	return first | second<<16, ok
}

// putCharacter stores the first character of s, and says how many bytes of each that was: none if it is not WTF-8.
func putCharacter(out, s []byte) (taken, given int) {
	switch c := s[0]; {
	case c < utf8.RuneSelf:
		binary.LittleEndian.PutUint16(out, uint16(c))
		return 1, 2
	case c < 0xE0 && c >= 0xC2 && len(s) > 1 && s[1]&0xC0 == 0x80:
		binary.LittleEndian.PutUint16(out, uint16(c&0x1F)<<6|uint16(s[1]&0x3F))
		return 2, 2
	case c&0xF0 == 0xE0 && len(s) > 2 && s[1]&0xC0 == 0x80 && s[2]&0xC0 == 0x80 && (c > 0xE0 || s[1] >= 0xA0):
		binary.LittleEndian.PutUint16(out, uint16(c)<<12|uint16(s[1]&0x3F)<<6|uint16(s[2]&0x3F))
		return 3, 2
	}
	r, size := utf8.DecodeRune(s)
	if size < 4 {
		return 0, 0
	}
	high, low := utf16.EncodeRune(r)
	binary.LittleEndian.PutUint32(out, uint32(high)|uint32(low)<<16)
	return 4, 4
}

// asUnits gives four bytes as units.
func asUnits(four uint32) uint64 {
	units := uint64(four)
	units = (units | units<<16) & 0x0000FFFF0000FFFF
	return (units | units<<8) & (0x00FF * eachUnit)
}
