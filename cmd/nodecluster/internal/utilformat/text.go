package utilformat

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// number is a number as JavaScript writes it, with the sign of a zero.
func number(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0 && math.Signbit(f):
		return "-0"
	}
	return plainNumber(f)
}

func plainNumber(f float64) string {
	if size := math.Abs(f); f == 0 || size >= 1e-6 && size < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	digits, exponent, _ := strings.Cut(text, "e")
	sign, power := exponent[:1], strings.TrimLeft(exponent[1:], "0")
	return digits + "e" + sign + power
}

// units is how long a string is in JavaScript, which counts in UTF-16.
func units(s string) (n int) {
	for _, c := range s {
		if n++; c > 0xffff {
			n++
		}
	}
	return n
}

// quote is a string in the quotes that it has the least of.
func quote(s string) string {
	mark := '\''
	if strings.Contains(s, "'") {
		switch {
		case !strings.Contains(s, `"`):
			mark = '"'
		case !strings.Contains(s, "`") && !strings.Contains(s, "${"):
			mark = '`'
		}
	}
	var b strings.Builder
	b.WriteRune(mark)
	for _, c := range s {
		switch {
		case c == '\\' || c == mark:
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c >= 0x7f && c <= 0x9f:
			b.WriteString(control(c))
		default:
			b.WriteRune(c)
		}
	}
	b.WriteRune(mark)
	return b.String()
}

func control(c rune) string {
	switch c {
	case '\b':
		return `\b`
	case '\t':
		return `\t`
	case '\n':
		return `\n`
	case '\f':
		return `\f`
	case '\r':
		return `\r`
	}
	const hex = "0123456789ABCDEF"
	return `\x` + hex[c>>4:c>>4+1] + hex[c&15:c&15+1]
}

func isIdentifier(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c == '$' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// toJSON is what JSON.stringify gives of a value, or the beginning of that beyond a number of bytes, and what util.format has for one that
// contains itself. What was looked at beside counts as so many bytes.
func toJSON(v structuredclone.Value, limit int) (s string, looked int) {
	j := jsonWriter{limit: limit, within: map[any]bool{}}
	j.value(v)
	looked = limit - j.limit
	if j.circular {
		return "[Circular]", looked + len(j.out)
	}
	return string(j.out), looked
}

type jsonWriter struct {
	out      []byte
	limit    int
	within   map[any]bool
	circular bool
}

func (j *jsonWriter) value(v structuredclone.Value) {
	if j.circular || len(j.out) > j.limit {
		return
	}
	switch v := v.(type) {
	case structuredclone.Undefined:
		j.out = append(j.out, "undefined"...)
	case nil:
		j.out = append(j.out, "null"...)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			j.out = append(j.out, "null"...)
			return
		}
		j.out = append(j.out, plainNumber(v+0)...)
	case string:
		j.string(v)
	case *structuredclone.Array:
		j.nested(v, func() { j.array(v) })
	case *structuredclone.Object:
		j.nested(v, func() { j.object(v) })
	default:
		j.out = append(j.out, toString(v)...)
	}
}

func (j *jsonWriter) nested(v any, write func()) {
	if j.within[v] || len(j.within) > structuredclone.MaxDepth {
		j.circular = true
		return
	}
	j.within[v] = true
	write()
	delete(j.within, v)
}

func (j *jsonWriter) array(a *structuredclone.Array) {
	j.out = append(j.out, '[')
	for i, e := range a.Elements {
		if len(j.out) > j.limit {
			return
		}
		if i > 0 {
			j.out = append(j.out, ',')
		}
		if _, is := e.(structuredclone.Undefined); is {
			e = nil
		}
		j.value(e)
	}
	j.out = append(j.out, ']')
}

func (j *jsonWriter) object(o *structuredclone.Object) {
	j.out = append(j.out, '{')
	j.limit -= len(o.Properties) / scanned
	first, all := true, o.Properties
	if isError(o) {
		all = beside(o)
	}
	for _, p := range all {
		if len(j.out) > j.limit {
			return
		}
		if _, is := p.Value.(structuredclone.Undefined); is {
			continue
		}
		if !first {
			j.out = append(j.out, ',')
		}
		first = false
		j.string(p.Key)
		j.out = append(j.out, ':')
		j.value(p.Value)
	}
	j.out = append(j.out, '}')
}

func (j *jsonWriter) string(s string) {
	j.out = append(j.out, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			j.out = append(j.out, '\\', byte(c))
		case c >= ' ':
			j.out = utf8.AppendRune(j.out, c)
		case strings.ContainsRune("\b\t\n\f\r", c):
			j.out = append(j.out, control(c)...)
		default:
			j.out = append(j.out, `\u00`...)
			j.out = append(j.out, strings.ToLower(control(c)[2:])...)
		}
	}
	j.out = append(j.out, '"')
}
