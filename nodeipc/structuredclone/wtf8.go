package structuredclone

import (
	"unicode/utf16"
	"unicode/utf8"
)

// appendWTF8 writes a surrogate as the three bytes that UTF-8 would have for it.
func appendWTF8(dst []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(dst, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0xBF, 0x80|byte(r)&0xBF)
	}
	return utf8.AppendRune(dst, r)
}

// decodeWTF8 is utf8.DecodeRuneInString that gives surrogates for what appendWTF8 made of them.
func decodeWTF8(s string) (r rune, size int) {
	r, size = utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && len(s) >= 3 && s[0] == 0xED && s[1]&0xE0 == 0xA0 && s[2]&0xC0 == 0x80 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, size
}

// repaired gives s with U+FFFD for all that is not WTF-8.
func repaired(s string) string {
	valid := make([]byte, 0, len(s)+len(s)/2)
	for len(s) > 0 {
		r, size := decodeWTF8(s)
		valid = appendWTF8(valid, r)
		s = s[size:]
	}
	return string(valid)
}
