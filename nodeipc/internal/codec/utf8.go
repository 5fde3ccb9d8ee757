package codec

import "unicode/utf8"

// validUTF8 returns text as a Node process reads it: with U+FFFD in the place of each byte, or each beginning of a character that
// does not go on, that is not UTF-8.
func validUTF8(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	valid := make([]byte, 0, len(text)+utf8.UTFMax)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			size = brokenUTF8(text)
		}
		valid = utf8.AppendRune(valid, r)
		text = text[size:]
	}
	return valid
}

// brokenUTF8 is how many bytes of text, which begins with no character, are the beginning of one; 1 if none are.
func brokenUTF8(text []byte) int {
	n := 1
	for n < len(text) && !utf8.FullRune(text[:n+1]) {
		n++
	}
	return n
}
