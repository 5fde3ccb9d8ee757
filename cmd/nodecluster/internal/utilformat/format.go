package utilformat

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// Depths to which objects are shown within others.
const (
	usualDepth    = 2
	detailedDepth = 4 // of %o
)

// Append appends what util.format gives of arguments. It appends no more than limit bytes, and says of what is cut off that there is more.
func Append(b []byte, limit int, arguments ...structuredclone.Value) []byte {
	f := formatter{out: b, limit: len(b) + limit, arguments: arguments}
	if first, ok := f.peek().(string); ok {
		f.arguments = f.arguments[1:]
		f.template(first)
	} else if len(arguments) > 0 {
		f.argument(f.take())
	}
	for len(f.arguments) > 0 && !f.full {
		f.text(" ")
		f.argument(f.take())
	}
	return f.out
}

// formatter writes arguments one after the other, and stops where that gets too long.
type formatter struct {
	out       []byte
	limit     int // bytes of out, less what was looked at
	full      bool
	arguments []structuredclone.Value
}

func (f *formatter) peek() structuredclone.Value {
	if len(f.arguments) == 0 {
		return nil
	}
	return f.arguments[0]
}

func (f *formatter) take() structuredclone.Value {
	v := f.arguments[0]
	f.arguments = f.arguments[1:]
	return v
}

// text adds text, as far as there is room.
func (f *formatter) text(s string) {
	if f.full {
		return
	}
	room := f.room()
	if len(s) <= room {
		f.out = append(f.out, s...)
		return
	}
	for room > 0 && !utf8.RuneStart(s[room]) {
		room--
	}
	f.out = append(f.out, s[:room]...)
	f.out = append(f.out, "… more was cut off"...)
	f.full = true
}

// argument adds one that no placeholder is for.
func (f *formatter) argument(v structuredclone.Value) {
	if s, ok := v.(string); ok {
		f.text(s)
		return
	}
	f.inspect(v, usualDepth, false)
}

func (f *formatter) inspect(v structuredclone.Value, depth int, detailed bool) {
	i := inspector{depth: depth, detailed: detailed, budget: f.room()}
	s := i.value(v, 0)
	f.looked(f.room() - i.budget - len(s))
	f.text(s)
}

// room is how many bytes may still be added.
func (f *formatter) room() int { return max(0, f.limit-len(f.out)) }

// looked notes that more was looked at than is added, and counts as so many bytes.
func (f *formatter) looked(bytes int) { f.limit -= max(0, bytes) }

// numeral is what toString gives, as far as it is read for a number.
func (f *formatter) numeral(v structuredclone.Value) string {
	s := numeral(v)
	f.looked(len(s) / scanned)
	return s
}

// template adds the first argument, with others in the place of %s and the like.
func (f *formatter) template(s string) {
	if len(f.arguments) == 0 {
		f.text(s)
		return
	}
	for !f.full {
		at := strings.IndexByte(s, '%')
		if at < 0 || at == len(s)-1 {
			f.text(s)
			return
		}
		verb := s[at+1]
		switch {
		case verb == '%':
			f.text(s[:at+1])
		case strings.IndexByte("sjdOoifc", verb) < 0:
			// What follows may begin another placeholder only after this character.
			f.text(s[:at+2])
		case len(f.arguments) == 0:
			f.text(s[:at+2])
		default:
			if f.text(s[:at]); !f.full {
				f.placeholder(verb, f.take())
			}
		}
		s = s[at+2:]
	}
}

func (f *formatter) placeholder(verb byte, v structuredclone.Value) {
	switch verb {
	case 's':
		if isObject(v) {
			f.inspect(v, 0, false)
			return
		}
		f.text(toString(v))
	case 'd':
		f.numeral(v)
		f.text(number(toNumber(v)))
	case 'i':
		f.text(number(parseInt(f.numeral(v))))
	case 'f':
		f.text(number(parseFloat(f.numeral(v))))
	case 'j':
		s, looked := toJSON(v, f.room())
		f.looked(looked)
		f.text(s)
	case 'O':
		f.inspect(v, usualDepth, false)
	case 'o':
		f.inspect(v, detailedDepth, true)
	}
}

func isObject(v structuredclone.Value) bool {
	switch v.(type) {
	case nil, bool, int32, float64, string, structuredclone.Undefined:
		return false
	}
	return true
}

// toString is what String gives of a value that is no object, and what it gives of others as far as numbers are read of that.
func toString(v structuredclone.Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case int32:
		return strconv.Itoa(int(v))
	case float64:
		return number(v)
	case string:
		return v
	case structuredclone.Undefined:
		return "undefined"
	case *structuredclone.Array:
		return firstOf(v)
	}
	return "[object Object]"
}

// maxNumeral is how many bytes of a text are read for a number: the same long text may be there for many.
const maxNumeral = 4 << 10

// numeral is what toString gives, as far as it is read for a number.
func numeral(v structuredclone.Value) string {
	s := toString(v)
	return s[:min(len(s), maxNumeral)]
}

// maxFirst is how deep within arrays a first element is looked for. One that contains itself has none.
const maxFirst = 100

// firstOf is as much of what String gives of an array as numbers are read of: its first element, and a comma if more follows.
func firstOf(a *structuredclone.Array) (text string) {
	more := ""
	for range maxFirst {
		if len(a.Elements) == 0 {
			return more
		}
		if len(a.Elements) > 1 {
			more = ","
		}
		switch first := a.Elements[0].(type) {
		case *structuredclone.Array:
			a = first
		case nil, structuredclone.Undefined:
			return more
		default:
			return numeral(first) + more
		}
	}
	return more
}
