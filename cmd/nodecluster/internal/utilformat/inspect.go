package utilformat

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// What util.inspect has by default.
const (
	breakLength = 80 // how long a line may be
	compact     = 3  // how many levels may be on one line
	maxElements = 100
	maxString   = 10_000 // characters
	minWidth    = 16     // a string that is longer is broken where it has lines
)

// scanned is how many bytes or properties that are looked at count as one byte that is made: a long string, or an object with many
// properties, may be in many places.
const scanned = 8

// inspector shows one value.
type inspector struct {
	depth       int
	detailed    bool // the length of arrays too
	indentation int
	deepest     int // the level of the object that was begun last
	within      []any
	circular    map[any]int // the numbers of those that contain themselves
	budget      int         // how many bytes may be made; what comes after is left out
}

// spend notes that so much was made.
func (i *inspector) spend(s string) string {
	i.budget -= len(s)
	return s
}

// value shows a value that is so many levels within others.
func (i *inspector) value(v structuredclone.Value, level int) string {
	if i.budget < 0 {
		return "…"
	}
	switch v := v.(type) {
	case string:
		return i.spend(i.string(v))
	case *structuredclone.Array, *structuredclone.Object:
		return i.nested(v, level)
	}
	return i.spend(toString(v))
}

// string shows a string, on several lines if it has some and is long.
func (i *inspector) string(s string) string {
	trailer := ""
	i.budget -= len(s) / scanned
	if n := units(s); n > maxString {
		trailer = fmt.Sprintf("... %d more character%s", n-maxString, plural(n-maxString))
		s = firstUnits(s, maxString)
	}
	if n := units(s); n <= minWidth || n <= breakLength-i.indentation-4 {
		return quote(s) + trailer
	}
	var lines []string
	for line := range strings.SplitAfterSeq(s, "\n") {
		if line != "" {
			lines = append(lines, quote(line))
		}
	}
	return strings.Join(lines, " +\n"+strings.Repeat(" ", i.indentation+2)) + trailer
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// firstUnits is the beginning of a string, of so many units of UTF-16.
func firstUnits(s string, most int) string {
	n := 0
	for at, c := range s {
		if n++; c > 0xffff {
			n++
		}
		if n > most {
			return s[:at]
		}
	}
	return s
}

// nested shows an object or an array, unless that is too deep or within itself.
func (i *inspector) nested(v any, level int) string {
	for _, outer := range i.within {
		if outer == v {
			return i.spend(fmt.Sprintf("[Circular *%d]", i.circularNumber(v)))
		}
	}
	a, isArray := v.(*structuredclone.Array)
	o, isObject := v.(*structuredclone.Object)
	if isObject {
		i.budget -= len(o.Properties) / scanned
	}
	base, shown := "", []structuredclone.Property(nil)
	switch {
	case isArray && len(a.Elements) == 0 && !i.detailed:
		return i.spend("[]")
	case isArray:
	case len(o.Properties) == 0:
		return i.spend("{}")
	case isError(o):
		if base, shown = i.stackOf(o), untold(o); len(shown) == 0 && !i.detailed {
			return i.spend(base)
		}
	default:
		shown = o.Properties
	}
	if level > i.depth {
		return i.spend(i.deepName(isArray, base))
	}
	i.deepest = level
	i.within = append(i.within, v)
	var parts []string
	switch {
	case isArray:
		parts = i.elements(a, level)
	case base != "" && i.detailed:
		parts = append(i.hidden(o, level), i.properties(beside(o), level)...)
	default:
		parts = i.properties(shown, level)
	}
	i.within = i.within[:len(i.within)-1]
	braces := "{}"
	if isArray {
		braces = "[]"
	}
	if n, ok := i.circular[v]; ok {
		reference := fmt.Sprintf("<ref *%d>", n)
		base = strings.TrimSuffix(reference+" "+base, " ")
	}
	return i.spend(i.join(parts, base, braces, level, a))
}

func (i *inspector) deepName(isArray bool, base string) string {
	switch {
	case isArray:
		return "[Array]"
	case base != "":
		return "[Error]"
	}
	return "[Object]"
}

func (i *inspector) circularNumber(v any) int {
	if i.circular == nil {
		i.circular = map[any]int{}
	}
	if _, ok := i.circular[v]; !ok {
		i.circular[v] = len(i.circular) + 1
	}
	return i.circular[v]
}

// indented calls show two columns further to the right.
func (i *inspector) indented(show func() string) string {
	i.indentation += 2
	s := show()
	i.indentation -= 2
	return s
}

func (i *inspector) elements(a *structuredclone.Array, level int) (parts []string) {
	for n, e := range a.Elements {
		if n == maxElements {
			more := len(a.Elements) - maxElements
			parts = append(parts, fmt.Sprintf("... %d more item%s", more, plural(more)))
			break
		}
		parts = append(parts, i.indented(func() string { return i.value(e, level+1) }))
	}
	if i.detailed {
		parts = append(parts, "[length]: "+strconv.Itoa(len(a.Elements)))
	}
	return parts
}

func (i *inspector) properties(all []structuredclone.Property, level int) (parts []string) {
	for _, p := range all {
		if i.budget < 0 {
			return append(parts, "…")
		}
		parts = append(parts, keyOf(p.Key)+": "+i.indented(func() string { return i.value(p.Value, level+1) }))
	}
	return parts
}

func keyOf(key string) string {
	switch {
	case key == "__proto__":
		return "['__proto__']"
	case isIdentifier(key) && !strings.Contains(key, "$"):
		return key
	}
	return quote(key)
}
