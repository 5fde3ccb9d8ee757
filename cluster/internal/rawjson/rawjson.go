// Package rawjson finds the parts of JSON that is known to be valid, where they are and as they are written. What is not valid does no harm.
package rawjson

import (
	"bytes"
	"encoding/json"
	"iter"
	"unicode/utf8"
)

// Member is one of an object.
type Member struct {
	Key   []byte // in its quotes: see Text
	Value []byte
	Begin int // the index of Value in the object's text
}

// Members are those of an object, in their order, and none where b is no object. White space may stand before it.
func Members(b []byte) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		eachPart(b, '{', func(i int) (end int, more bool) {
			key := i
			i = SkipValue(b, i)
			m := Member{Key: b[key:i]}
			if i = SkipSpace(b, i); i < len(b) {
				i++ // the colon
			}
			m.Begin = SkipSpace(b, i)
			end = SkipValue(b, m.Begin)
			m.Value = b[m.Begin:end]
			return end, yield(m)
		})
	}
}

// Elements are those of an array, in their order, and none where b is no array. White space may stand before it.
func Elements(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		eachPart(b, '[', func(i int) (end int, more bool) {
			end = SkipValue(b, i)
			return end, yield(b[i:end])
		})
	}
}

// eachPart calls take with where each part of an object or array begins. take returns where it ends, and whether it wants more.
func eachPart(b []byte, begin byte, take func(i int) (end int, more bool)) {
	i := SkipSpace(b, 0)
	if i == len(b) || b[i] != begin {
		return
	}
	for i = SkipSpace(b, i+1); i < len(b) && b[i] != ']' && b[i] != '}'; {
		end, more := take(i)
		if i = SkipSpace(b, end); !more || i == len(b) || b[i] != ',' {
			return
		}
		i = SkipSpace(b, i+1)
	}
}

// Is reports whether a member has a name.
func (m Member) Is(name string) bool {
	if len(m.Key) >= 2 && string(m.Key[1:len(m.Key)-1]) == name {
		return true
	}
	return bytes.IndexByte(m.Key, '\\') >= 0 && Text(m.Key) == name
}

// Text is what a string means, which is in its quotes; "" for what is no string.
func Text(b []byte) (text string) {
	if len(b) >= 2 && bytes.IndexByte(b, '\\') < 0 && utf8.Valid(b) {
		return string(b[1 : len(b)-1])
	}
	if json.Unmarshal(b, &text) != nil {
		return ""
	}
	return text
}

// SkipValue gives the index after the value at i.
func SkipValue(b []byte, i int) int {
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

// SkipSpace gives the index of what is no white space, from i on.
func SkipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

// Depth is how deep the arrays and objects of a value are nested.
func Depth(b []byte) (deepest int) {
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
