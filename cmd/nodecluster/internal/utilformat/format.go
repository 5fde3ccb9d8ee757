package utilformat

import (
	"math"
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
	limit     int // bytes of out
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
	room := f.limit - len(f.out)
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
	i := inspector{depth: depth, detailed: detailed, budget: f.limit - len(f.out)}
	f.text(i.value(v, 0))
}

// template adds the first argument, with others in the place of %s and the like.
func (f *formatter) template(s string) {
	if len(f.arguments) == 0 {
		f.text(s)
		return
	}
	for {
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
			f.text(s[:at])
			f.placeholder(verb, f.take())
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
		f.text(number(toNumber(v)))
	case 'i':
		f.text(number(parseInt(toString(v))))
	case 'f':
		f.text(number(parseFloat(toString(v))))
	case 'j':
		f.text(toJSON(v, f.limit-len(f.out)))
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
			return toString(first) + more
		}
	}
	return more
}

func toNumber(v structuredclone.Value) float64 {
	switch v := v.(type) {
	case nil:
		return 0
	case bool:
		if v {
			return 1
		}
		return 0
	case int32:
		return float64(v)
	case float64:
		return v
	case structuredclone.Undefined, *structuredclone.Object:
		return math.NaN()
	}
	s := strings.TrimSpace(toString(v))
	if s == "" {
		return 0
	}
	return parseWhole(s)
}

// parseWhole is a number that a whole string stands for.
func parseWhole(s string) float64 {
	if len(s) > 2 && s[0] == '0' {
		if base := map[byte]int{'x': 16, 'o': 8, 'b': 2}[s[1]|0x20]; base != 0 {
			n, err := strconv.ParseUint(s[2:], base, 64)
			if err != nil {
				return math.NaN()
			}
			return float64(n)
		}
	}
	if n := parseFloat(s); floatLength(s) == len(s) {
		return n
	}
	return math.NaN()
}

// parseInt is what JavaScript's gives: the whole number that a string begins with.
func parseInt(s string) float64 {
	s = strings.TrimSpace(s)
	sign, digits := 1.0, s
	if s != "" && (s[0] == '-' || s[0] == '+') {
		digits = s[1:]
		if s[0] == '-' {
			sign = -1
		}
	}
	base := 10.0
	if len(digits) > 1 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		base, digits = 16, digits[2:]
	}
	n, seen := 0.0, false
	for _, c := range []byte(digits) {
		d := digit(c)
		if d >= base {
			break
		}
		n, seen = n*base+d, true
	}
	if !seen {
		return math.NaN()
	}
	return sign * n
}

func digit(c byte) float64 {
	switch {
	case c >= '0' && c <= '9':
		return float64(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return float64(c|0x20-'a') + 10
	}
	return math.Inf(1)
}

// parseFloat is what JavaScript's gives: the number that a string begins with.
func parseFloat(s string) float64 {
	s = strings.TrimSpace(s)
	unsigned := strings.TrimLeft(s[:min(len(s), 1)], "+-") + s[min(len(s), 1):]
	if strings.HasPrefix(unsigned, "Infinity") {
		if s[0] == '-' {
			return math.Inf(-1)
		}
		return math.Inf(1)
	}
	n := floatLength(s)
	if n == 0 {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(s[:n], 64)
	return f
}

// floatLength is how many bytes at the beginning are a decimal number, or Infinity.
func floatLength(s string) int {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	if strings.HasPrefix(s[i:], "Infinity") {
		return i + len("Infinity")
	}
	begin := i
	i = skipDigits(s, i)
	whole := i - begin
	if i < len(s) && s[i] == '.' {
		end := skipDigits(s, i+1)
		if whole == 0 && end == i+1 {
			return 0
		}
		i = end
	} else if whole == 0 {
		return 0
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		exponent := i + 1
		if exponent < len(s) && (s[exponent] == '+' || s[exponent] == '-') {
			exponent++
		}
		if end := skipDigits(s, exponent); end > exponent {
			i = end
		}
	}
	return i
}

func skipDigits(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}
