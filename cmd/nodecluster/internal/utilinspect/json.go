package utilinspect

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// maxUnescaped is how much of a string with escapes is looked at, of which so much less is shown.
const maxUnescaped = 1 << 10

// json writes a JSON text, which is right but may be only the beginning of one.
func (p *inspector) json(text []byte) {
	var objects []bool // what the place is in, from the outermost
	key := false       // whether a key comes next
	for len(text) > 0 && !p.full {
		c := text[0]
		size := 1
		switch c {
		case '{', '[':
			p.text(string(c))
			key = c == '{'
			objects = append(objects, key)
		case '}', ']':
			p.text(string(c))
			key, objects = false, objects[:max(len(objects)-1, 0)]
		case ',':
			p.text(", ")
			key = len(objects) > 0 && objects[len(objects)-1]
		case '"':
			var s []byte
			if s, size = jsonString(text); key {
				p.key(unescape(s))
			} else {
				p.jsonString(s)
			}
			key = false
		case ':', ' ', '\t', '\n', '\r':
		default:
			if size = bytes.IndexAny(text, ",]} \t\r\n"); size < 0 {
				size = len(text)
			}
			p.text(Printable(string(text[:size])))
		}
		text = text[size:]
	}
	if len(objects) > 0 {
		p.end()
	}
}

// end is that of a line that has not shown all.
func (p *inspector) end() {
	if !p.full {
		p.out, p.full = append(p.out, "…"...), true
	}
}

// jsonString gives what is between the quotes of the string that text begins with, and the size of it all.
func jsonString(text []byte) (s []byte, size int) {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[1:i], i + 1
		}
	}
	return text[1:], len(text)
}

// jsonString writes a string, of which the rest is counted as it stands in the text.
func (p *inspector) jsonString(s []byte) {
	if len(s) <= maxUnescaped {
		p.string(unescape(s))
		return
	}
	cut := s[:maxUnescaped]
	if i := bytes.LastIndexByte(cut, '\\'); i > maxUnescaped-len(`\ud83d\ude00`) {
		cut = cut[:i]
	}
	p.cutString(unescape(cut), len(s))
}

// unescape is the string that stands in a JSON text as s, or as much as it is one.
func unescape(s []byte) (text string) {
	if bytes.IndexByte(s, '\\') < 0 && utf8.Valid(s) {
		return string(s)
	}
	if json.Unmarshal(append(append([]byte{'"'}, s...), '"'), &text) != nil {
		return string(s)
	}
	return text
}
