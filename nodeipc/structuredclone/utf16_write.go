package structuredclone

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// measure counts the UTF-16 code units of s, which is WTF-8, and says whether one of them is more than a byte.
func measure(s []byte) (units int, wide bool) {
	units = len(s)
	var wideBytes uint64
	count := func(b uint64) {
		// The highest bit of each byte is what the names say.
		second, third := b<<1, b<<2
		continuations, fours := b&^second, b&second&third&(b<<3)
		wideBytes |= b & second & (third | b<<3 | b<<4 | b<<5)
		units += bits.OnesCount64(fours&highBits) - bits.OnesCount64(continuations&highBits)
	}
	for ; len(s) >= 8; s = s[8:] {
		count(binary.LittleEndian.Uint64(s))
	}
	var last [8]byte
	copy(last[:], s)
	count(binary.LittleEndian.Uint64(last[:]))
	return units, wideBytes&highBits != 0
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
	for len(s) > 0 {
		if len(s) >= 8 {
			if units, ok := fourOfTwo(binary.LittleEndian.Uint64(s)); ok {
				binary.LittleEndian.PutUint64(out, units)
				out, s = out[8:], s[8:]
				continue
			}
		}
		switch c := s[0]; {
		case c < utf8.RuneSelf:
			binary.LittleEndian.PutUint16(out, uint16(c))
			out, s = out[2:], s[1:]
		case c < 0xE0 && c >= 0xC2 && len(s) > 1 && s[1]&0xC0 == 0x80:
			binary.LittleEndian.PutUint16(out, uint16(c&0x1F)<<6|uint16(s[1]&0x3F))
			out, s = out[2:], s[2:]
		case c&0xF0 == 0xE0 && len(s) > 2 && s[1]&0xC0 == 0x80 && s[2]&0xC0 == 0x80 && (c > 0xE0 || s[1] >= 0xA0):
			binary.LittleEndian.PutUint16(out, uint16(c)<<12|uint16(s[1]&0x3F)<<6|uint16(s[2]&0x3F))
			out, s = out[2:], s[3:]
		default:
			r, size := utf8.DecodeRune(s)
			if size < 4 {
				return false
			}
			high, low := utf16.EncodeRune(r)
			binary.LittleEndian.PutUint32(out, uint32(high)|uint32(low)<<16)
			out, s = out[4:], s[4:]
		}
	}
	return true
}

// fourOfTwo gives four units for eight bytes that are four characters of two bytes.
func fourOfTwo(b uint64) (units uint64, ok bool) {
	const overlong = 0x001E * eachUnit // what 0xC0 and 0xC1 have none of
	ok = b&(0xC0E0*eachUnit) == 0x80C0*eachUnit && anyIn(b, overlong) == unitHighBits
	return b&(0x1F*eachUnit)<<6 | b>>8&(0x3F*eachUnit), ok
}
