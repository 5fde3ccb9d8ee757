package structuredclone

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// field is one of those of a struct type that take part, with the names and options of encoding/json.
type field struct {
	name      string
	index     []int
	typ       reflect.Type
	tagged    bool
	omitEmpty bool
	omitZero  bool
	quoted    bool

	isZero func(reflect.Value) bool
	// key is the name as it is written, unless that depends on where it is.
	key []byte
}

type structType struct {
	fields   []field
	byName   map[string]int
	byFolded map[string]int
}

var structTypes sync.Map // of *structType by reflect.Type

func structOf(t reflect.Type) *structType {
	if known, ok := structTypes.Load(t); ok {
		return known.(*structType)
	}
	s := &structType{fields: dominant(collect(t)), byName: map[string]int{}, byFolded: map[string]int{}}
	for i := range s.fields {
		f := &s.fields[i]
		s.byName[f.name] = i
		folded := string(appendFolded(nil, []byte(f.name)))
		if _, taken := s.byFolded[folded]; !taken {
			s.byFolded[folded] = i
		}
		f.key = fixedKey(f.name)
	}
	known, _ := structTypes.LoadOrStore(t, s)
	return known.(*structType)
}

// embedded is a struct whose fields are looked for, and where it is in the outermost one.
type embedded struct {
	typ   reflect.Type
	index []int
}

// collect finds all fields of t and of the structs embedded in it, level by level.
func collect(t reflect.Type) []field {
	var fields []field
	seen := map[reflect.Type]bool{t: true}
	for level := []embedded{{typ: t}}; len(level) > 0; {
		var next []embedded
		found := map[reflect.Type]int{}
		for _, outer := range level {
			own, inner := outer.fields()
			fields = append(fields, own...)
			for _, e := range inner {
				// Two of one type on one level hide each other's fields, for which both must be looked at.
				if found[e.typ]++; !seen[e.typ] && found[e.typ] <= 2 {
					next = append(next, e)
				}
			}
		}
		for typ := range found {
			seen[typ] = true
		}
		level = next
	}
	return fields
}

// fields gives those of one struct, and the structs whose fields count as its own.
func (e embedded) fields() (own []field, inner []embedded) {
	for i := range e.typ.NumField() {
		sf := e.typ.Field(i)
		index := append(slices.Clone(e.index), i)
		f, ok := newField(sf, index)
		if !ok {
			continue
		}
		typ := sf.Type
		if typ.Name() == "" && typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		switch {
		case sf.Anonymous && typ.Kind() == reflect.Struct && !f.tagged:
			inner = append(inner, embedded{typ, index})
		case sf.IsExported():
			own = append(own, f)
		}
	}
	return own, inner
}

func newField(sf reflect.StructField, index []int) (field, bool) {
	tag := sf.Tag.Get("json")
	if tag == "-" {
		return field{}, false
	}
	name, options, _ := strings.Cut(tag, ",")
	f := field{name: name, index: index, typ: sf.Type, tagged: name != ""}
	if !f.tagged {
		f.name = sf.Name
	}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "omitempty":
			f.omitEmpty = true
		case "omitzero":
			f.omitZero = true
			f.isZero = zeroTest(sf.Type)
		case "string":
			f.quoted = quotable(sf.Type)
		}
	}
	return f, true
}

func quotable(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return true
	}
	return false
}

func zeroTest(t reflect.Type) func(reflect.Value) bool {
	type isZeroer interface{ IsZero() bool }
	if t.Implements(reflect.TypeFor[isZeroer]()) {
		return func(v reflect.Value) bool {
			switch v.Kind() {
			case reflect.Pointer, reflect.Interface:
				if v.IsNil() {
					return true
				}
			}
			return v.Interface().(isZeroer).IsZero()
		}
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[isZeroer]()) {
		return func(v reflect.Value) bool {
			if !v.CanAddr() {
				copied := reflect.New(t).Elem()
				copied.Set(v)
				v = copied
			}
			return v.Addr().Interface().(isZeroer).IsZero()
		}
	}
	return reflect.Value.IsZero
}

// dominant leaves one field of each name: the least nested, of those the tagged one, and none of several.
func dominant(fields []field) []field {
	byName := map[string][]field{}
	for _, f := range fields {
		byName[f.name] = append(byName[f.name], f)
	}
	var left []field
	for _, same := range byName {
		slices.SortStableFunc(same, precedence)
		if len(same) == 1 || precedence(same[0], same[1]) != 0 {
			left = append(left, same[0])
		}
	}
	slices.SortFunc(left, func(a, b field) int { return slices.Compare(a.index, b.index) })
	return left
}

func precedence(a, b field) int {
	if c := cmp.Compare(len(a.index), len(b.index)); c != 0 {
		return c
	}
	switch {
	case a.tagged && !b.tagged:
		return -1
	case b.tagged && !a.tagged:
		return 1
	}
	return 0
}

// omitted says that the options leave v out.
func (f *field) omitted(v reflect.Value) bool {
	return f.omitEmpty && empty(v) || f.omitZero && f.isZero(v)
}

func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
