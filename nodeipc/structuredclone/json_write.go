package structuredclone

import (
	"encoding/json"
	"math"
	"reflect"
	"unicode/utf8"
)

// json gives the next value as JSON.stringify writes it. What that throws on, and what it writes as something
// else than the value, is refused: BigInt, Map, Set, Error, RegExp, ArrayBuffer and the views.
func (d *decoder) json(t reflect.Type) []byte {
	start := d.pos
	w := &jsonWriter{d: d, most: maxCopied(len(d.data)) - d.copied}
	w.value(d.inForm(exact))
	if w.refused != "" {
		d.refuseAt(start, w.refused, t, w.kind)
	}
	d.pay(len(w.out), t)
	return w.out
}

type jsonWriter struct {
	d       *decoder
	out     []byte
	most    int
	within  map[any]bool
	refused string
	kind    Kind
}

func (w *jsonWriter) refuse(what string, kind Kind) {
	if w.refused == "" {
		w.refused, w.kind = what, kind
	}
}

func (w *jsonWriter) value(v any) {
	if len(w.out) > w.most {
		w.refuse("object that is referred to too often", OutOfRange)
	}
	if w.refused != "" {
		return
	}
	switch v := v.(type) {
	case nil, Undefined, Hole:
		w.text("null")
	case bool, string:
		w.scalar(v)
	case int32:
		w.number(float64(v))
	case float64:
		w.number(v)
	case *Date:
		if t, ok := v.Time(); ok {
			w.scalar(t.Format("2006-01-02T15:04:05.000Z"))
		} else {
			w.text("null")
		}
	case *Boxed:
		w.value(v.Value)
	case *Object:
		w.nested(v, func() { w.properties(v.Properties) })
	case *Array:
		w.nested(v, func() { w.elements(v) })
	default:
		w.refuse(classOf(v), BadValue)
	}
}

func classOf(v any) string {
	if view, ok := v.(*View); ok {
		return view.Kind.String()
	}
	t := reflect.TypeOf(v).Elem()
	if t.Name() == "Int" {
		return "bigint"
	}
	return t.Name()
}

func (w *jsonWriter) text(s string) { w.out = append(w.out, s...) }

func (w *jsonWriter) number(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		w.text("null")
		return
	}
	w.out = appendNumber(w.out, f)
}

func (w *jsonWriter) scalar(v any) {
	if s, ok := v.(string); ok {
		w.string(s)
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		w.refuse(err.Error(), BadValue)
	}
	w.out = append(w.out, b...)
}

const hexDigits = "0123456789abcdef"

// string writes one as JSON.stringify does, which escapes lone surrogates and what JSON has no other way to say.
func (w *jsonWriter) string(s string) {
	w.text(`"`)
	for len(s) > 0 {
		plain := plainLength(s)
		w.text(s[:plain])
		if s = s[plain:]; s == "" {
			break
		}
		r, size := decodeWTF8(s)
		s = s[size:]
		w.escape(r)
	}
	w.text(`"`)
}

// plainLength is how much of the beginning of a string needs no escapes.
func plainLength(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' {
			return i
		}
		if c < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(s)
}

func (w *jsonWriter) escape(r rune) {
	w.text(`\`)
	switch r {
	case '"', '\\':
		w.out = append(w.out, byte(r))
	case '\b':
		w.text("b")
	case '\t':
		w.text("t")
	case '\n':
		w.text("n")
	case '\f':
		w.text("f")
	case '\r':
		w.text("r")
	default:
		w.out = append(w.out, 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
	}
}

// nested writes an object by calling write, unless it is within itself.
func (w *jsonWriter) nested(v any, write func()) {
	if w.within[v] {
		w.refuse("object that contains itself", Cycle)
		return
	}
	if w.within == nil {
		w.within = map[any]bool{}
	}
	w.within[v] = true
	w.d.enter()
	write()
	w.d.leave()
	delete(w.within, v)
}

func (w *jsonWriter) properties(properties []Property) {
	w.text("{")
	first := true
	for _, p := range properties {
		if p.Value == (Undefined{}) {
			continue
		}
		if !first {
			w.text(",")
		}
		first = false
		w.scalar(p.Key)
		w.text(":")
		w.value(p.Value)
	}
	w.text("}")
}

func (w *jsonWriter) elements(a *Array) {
	if a.Sparse && uint64(a.Length) > uint64(w.most-len(w.out)) {
		w.refuse("Array that is nearly all holes", OutOfRange)
		return
	}
	elements := a.Elements
	if a.Sparse {
		elements = make([]any, a.Length)
		for _, p := range a.Properties {
			if i, ok := arrayIndex(p.Key); ok && i < a.Length {
				elements[i] = p.Value
			}
		}
	}
	w.text("[")
	for i, v := range elements {
		if i > 0 {
			w.text(",")
		}
		w.value(v)
	}
	w.text("]")
}
