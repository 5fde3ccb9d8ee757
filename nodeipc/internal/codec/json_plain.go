package codec

import (
	"bytes"
	"encoding/binary"
)

// plain returns how many bytes at the beginning of b are ASCII and stand for themselves in a JSON string.
func plain(b []byte) int {
	// bytes.IndexByte is fast in blocks, and costs more than it saves where strings are short.
	const block = 512
	n := 0
	for len(b)-n >= block {
		present := b[n : n+block]
		if n == 0 {
			present = present[:block/8]
		}
		if bytes.IndexByte(present, '"') >= 0 || bytes.IndexByte(present, '\\') >= 0 || !printable(present) {
			break
		}
		n += len(present)
	}
	for ; n < len(b); n++ {
		if c := b[n]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			break
		}
	}
	return n
}

// printable reports whether there is nothing but ASCII without control characters in b, whose length is a multiple of 32.
func printable(b []byte) bool {
	const spaces, highs = 0x2020202020202020, 0x8080808080808080
	var bad uint64
	for ; len(b) >= 32; b = b[32:] {
		one, two := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		three, four := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
		// What is below a space borrows its highest bit.
		bad |= one | (one - spaces) | two | (two - spaces) | three | (three - spaces) | four | (four - spaces)
	}
	return bad&highs == 0
}

// isPlainString reports whether a payload is one string of ASCII in which nothing is escaped.
func isPlainString(payload []byte) bool {
	if len(payload) < 2 || payload[0] != '"' || payload[len(payload)-1] != '"' {
		return false
	}
	return plain(payload[1:]) == len(payload)-2
}
