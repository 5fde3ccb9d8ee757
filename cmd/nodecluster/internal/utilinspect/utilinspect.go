// Package utilinspect shows messages as Node's util.inspect shows values, on one line that is not long.
package utilinspect

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

const (
	// MaxLength is how many bytes of a message are shown. What is cut ends with "…" after them.
	MaxLength = 240
	// maxString is how many bytes of one string are shown.
	maxString = 80
	// maxBytes is how many bytes of a buffer are shown.
	maxBytes = 16
)

// JSON is a message as it would stand in JavaScript. The text must be right JSON, or the beginning of it.
func JSON(text []byte) string {
	p := &inspector{}
	p.json(text)
	return string(p.out)
}

// Advanced is JSON for a message in the serialization advanced, which must be whole. It is "" where that is broken.
func Advanced(payload []byte) string {
	v, err := structuredclone.Decode(payload)
	if err != nil {
		return ""
	}
	return Value(v)
}

// Value is a value that [structuredclone.Decode] has given, as it would stand in JavaScript.
func Value(v structuredclone.Value) string {
	p := &inspector{}
	p.value(v)
	return string(p.out)
}

// inspector writes a value as a programmer would write it in JavaScript, on one line, and stops where that gets long.
type inspector struct {
	out    []byte
	full   bool
	within map[any]bool
}

// text adds to the line, if there is room.
func (p *inspector) text(s string) {
	if p.full {
		return
	}
	if len(p.out)+len(s) > MaxLength {
		p.out, p.full = append(p.out, "…"...), true
		return
	}
	p.out = append(p.out, s...)
}

// list writes elements between brackets until there is no room.
func (p *inspector) list(open, close string, n int, element func(int)) {
	p.text(open)
	for i := 0; i < n && !p.full; i++ {
		if i > 0 {
			p.text(", ")
		}
		element(i)
	}
	p.text(close)
}

func (p *inspector) string(s string) {
	if len(s) <= maxString {
		p.text(quote(s))
		return
	}
	p.cutString(s, len(s))
}

// cutString writes the beginning of a string that has size bytes.
func (p *inspector) cutString(s string, size int) {
	most := min(maxString, len(s))
	for most > 0 && most < len(s) && !utf8.RuneStart(s[most]) {
		most--
	}
	p.text(quote(s[:most]) + "… " + strconv.Itoa(size-most) + " more bytes")
}

// quote is a string in single quotes.
func quote(s string) string { return "'" + strings.ReplaceAll(escape(s), "'", `\'`) + "'" }

func escape(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || !isPlain(r) }) {
		return s
	}
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// Printable is a string without anything that would leave the line or colour a terminal.
func Printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !isPlain(r) }) {
		return escape(s)
	}
	return s
}

func isPlain(r rune) bool { return r >= ' ' && r <= '~' || strconv.IsPrint(r) && r != utf8.RuneError }

func (p *inspector) key(key string) {
	if isIdentifier(key) {
		p.text(key)
	} else {
		p.string(key)
	}
	p.text(": ")
}

func isIdentifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || r == '$' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

func (p *inspector) number(f float64) {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		p.text("NaN")
	case math.IsInf(f, 0):
		p.text(strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+") + "inity")
	case f == 0 || size >= 1e-6 && size < 1e21:
		p.text(strconv.FormatFloat(f, 'f', -1, 64))
	default:
		p.text(strconv.FormatFloat(f, 'g', -1, 64))
	}
}
