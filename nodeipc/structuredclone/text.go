package structuredclone

import (
	"strings"
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
	if t.tag != tagTwoByte {
		if s, ok := copyASCII(t.raw); ok {
			return s
		}
	}
	if t.tag == tagUTF8 {
		return stringOf(t.appendTo(nil))
	}
	var p piece
	taken, given := p.fill(t)
	if taken == len(t.raw) {
		return string(p[:given])
	}
	var whole strings.Builder
	whole.Grow(t.size())
	for given > 0 {
		whole.Write(p[:given])
		t.raw = t.raw[taken:]
		taken, given = p.fill(t)
	}
	return whole.String()
}

// size is how many bytes the string takes in Go. It is too few for a string in UTF-8 that is wrong.
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
	if t.tag == tagUTF8 {
		return appendValid(dst, t.raw)
	}
	var p piece
	for len(t.raw) > 0 {
		taken, given := p.fill(t)
		dst = append(dst, p[:given]...)
		t.raw = t.raw[taken:]
	}
	return dst
}

// appendValid appends b with U+FFFD for what is not UTF-8.
func appendValid(dst, b []byte) []byte {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		dst = utf8.AppendRune(dst, r)
		b = b[size:]
	}
	return dst
}
