package structuredclone

import (
	"slices"
	"unicode/utf8"
)

// text is a string as it is on the wire.
type text struct {
	tag byte
	raw []byte
}

// ascii says that the raw bytes are the string in UTF-8 too.
func (t text) ascii() bool { return t.tag != tagTwoByte && isASCII(t.raw) }

func (t text) String() string {
	if t.ascii() {
		return string(t.raw)
	}
	return stringOf(t.appendTo(nil))
}

// size is how many bytes the string takes in Go, or up to one and a half times that where there are surrogates. It
// is too few for a string in UTF-8 that is wrong.
func (t text) size() int {
	switch t.tag {
	case tagOneByte:
		return len(t.raw) + countHighBits(t.raw)
	case tagTwoByte:
		return sizeOfUTF16(t.raw)
	}
	return len(t.raw)
}

func (t text) appendTo(dst []byte) []byte {
	switch t.tag {
	case tagOneByte:
		return appendLatin1(dst, t.raw)
	case tagTwoByte:
		return appendUTF16(dst, t.raw)
	}
	for b := t.raw; len(b) > 0; {
		r, size := utf8.DecodeRune(b)
		dst = utf8.AppendRune(dst, r)
		b = b[size:]
	}
	return dst
}

func appendLatin1(dst, raw []byte) []byte {
	dst = slices.Grow(dst, len(raw)+countHighBits(raw))
	for len(raw) > 0 {
		if len(raw) >= 8 && isASCII(raw[:8]) {
			dst, raw = append(dst, raw[:8]...), raw[8:]
			continue
		}
		if c := raw[0]; c < utf8.RuneSelf {
			dst = append(dst, c)
		} else {
			dst = append(dst, 0xC0|c>>6, 0x80|c&0x3F)
		}
		raw = raw[1:]
	}
	return dst
}
