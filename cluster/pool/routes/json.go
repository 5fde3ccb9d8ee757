package routes

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// What follows reads JSON that is known to be valid, and takes no harm from what is not.

// eachMember calls f with the members of an object, none where it is no object.
func eachMember(b []byte, f func(key, member []byte)) {
	eachPart(b, '{', func(i int) int {
		key := i
		i = skipValue(b, i)
		name := b[key:i]
		i = skipSpace(b, i)
		if i < len(b) {
			i++ // the colon
		}
		begin := skipSpace(b, i)
		i = skipValue(b, begin)
		f(name, b[begin:i])
		return i
	})
}

// eachElement calls f with the elements of an array, none where it is no array.
func eachElement(b []byte, f func(element []byte)) {
	eachPart(b, '[', func(i int) int {
		end := skipValue(b, i)
		f(b[i:end])
		return end
	})
}

// eachPart calls take with where each part of an object or array begins, and take returns where it ends.
func eachPart(b []byte, begin byte, take func(i int) int) {
	if len(b) == 0 || b[0] != begin {
		return
	}
	i := skipSpace(b, 1)
	for i < len(b) && b[i] != ']' && b[i] != '}' {
		i = skipSpace(b, take(i))
		if i < len(b) && b[i] == ',' {
			i = skipSpace(b, i+1)
			continue
		}
		return
	}
}

// isKey reports whether a key, which is in quotes, is a name.
func isKey(key []byte, name string) bool {
	if len(key) >= 2 && string(key[1:len(key)-1]) == name {
		return true
	}
	return bytes.IndexByte(key, '\\') >= 0 && unquoted(key) == name
}

// unquoted is the text of a string.
func unquoted(b []byte) (text string) {
	if len(b) >= 2 && bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b) {
		return string(b[1 : len(b)-1])
	}
	if json.Unmarshal(b, &text) != nil {
		return ""
	}
	return text
}

// skipValue gives the index after the value at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipString(b, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i = skipWord(b, i)
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; i < len(b); {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			break
		}
		for quote := i + n; i <= quote; {
			escape := bytes.IndexByte(b[i:quote], '\\')
			if escape < 0 {
				return quote + 1
			}
			i += escape + 2
		}
	}
	return len(b)
}

// skipWord gives the index after a number, true, false or null.
func skipWord(b []byte, i int) int {
	for i < len(b) && b[i] != ',' && b[i] != ']' && b[i] != '}' && b[i] != ' ' && b[i] != '\t' && b[i] != '\r' && b[i] != '\n' {
		i++
	}
	return i
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

func trimSpace(b []byte) []byte { return b[skipSpace(b, 0):] }

// depthOf is how deep the arrays and objects of a value are nested.
func depthOf(b []byte) (deepest int) {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = skipString(b, i) - 1
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		}
	}
	return deepest
}
