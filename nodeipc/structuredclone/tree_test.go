package structuredclone_test

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// difference says where two trees are not the same to JavaScript; it is empty where they are. It looks at which
// objects are one, and not at which of its forms V8 chose for a number or an array.
func difference(a, b any) string {
	c := comparison{there: map[any]any{}, back: map[any]any{}}
	c.values("", a, b)
	return c.found
}

type comparison struct {
	there, back map[any]any
	found       string
}

func (c *comparison) differ(at string, a, b any) {
	if c.found == "" {
		c.found = fmt.Sprintf("at %q: %T %.200v, and %T %.200v", at, a, a, b, b)
	}
}

func (c *comparison) values(at string, a, b any) {
	if c.found != "" {
		return
	}
	a, b = float(a), float(b)
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		c.differ(at, a, b)
		return
	}
	switch a := a.(type) {
	case float64:
		if !sameDouble(a, b.(float64)) {
			c.differ(at, a, b)
		}
		return
	case *big.Int:
		if a.Cmp(b.(*big.Int)) != 0 {
			c.differ(at, a, b)
		}
		return
	case nil, bool, string, sc.Undefined, sc.Hole:
		if a != b {
			c.differ(at, a, b)
		}
		return
	}
	there, seen := c.there[a]
	back, seenBack := c.back[b]
	if seen || seenBack {
		if there != b || back != a {
			c.differ(at+" (identity)", a, b)
		}
		return
	}
	c.there[a], c.back[b] = b, a
	c.objects(at, a, b)
}

func float(v any) any {
	if n, ok := v.(int32); ok {
		return float64(n)
	}
	return v
}

func sameDouble(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Float64bits(a) == math.Float64bits(b)
}

func (c *comparison) objects(at string, a, b any) {
	switch a := a.(type) {
	case *sc.Object:
		c.properties(at, a.Properties, b.(*sc.Object).Properties)
	case *sc.Array:
		b := b.(*sc.Array)
		if a.Len() != b.Len() {
			c.differ(at+" (length)", a.Len(), b.Len())
		}
		c.properties(at, arrayProperties(a), arrayProperties(b))
	case *sc.Map:
		b := b.(*sc.Map)
		if len(a.Entries) != len(b.Entries) {
			c.differ(at+" (size)", len(a.Entries), len(b.Entries))
			return
		}
		for i := range a.Entries {
			c.values(at+" key", a.Entries[i].Key, b.Entries[i].Key)
			c.values(at+" value", a.Entries[i].Value, b.Entries[i].Value)
		}
	case *sc.Set:
		b := b.(*sc.Set)
		if len(a.Values) != len(b.Values) {
			c.differ(at+" (size)", len(a.Values), len(b.Values))
			return
		}
		for i := range a.Values {
			c.values(at+" member", a.Values[i], b.Values[i])
		}
	case *sc.Date:
		c.values(at, a.Milliseconds, b.(*sc.Date).Milliseconds)
	case *sc.Boxed:
		c.values(at, a.Value, b.(*sc.Boxed).Value)
	case *sc.Error:
		b := b.(*sc.Error)
		if a.Name != b.Name || a.Message != b.Message || a.Stack != b.Stack || a.Empty != b.Empty {
			c.differ(at, *a, *b)
		}
		c.values(at+".cause", a.Cause, b.Cause)
	case *sc.ArrayBuffer:
		b := b.(*sc.ArrayBuffer)
		if !bytes.Equal(a.Bytes, b.Bytes) || a.Resizable != b.Resizable || a.MaxByteLength != b.MaxByteLength {
			c.differ(at, *a, *b)
		}
	case *sc.View:
		if b := b.(*sc.View); a.Kind != b.Kind || !bytes.Equal(a.Bytes, b.Bytes) {
			c.differ(at, *a, *b)
		}
	case *sc.RegExp:
		if *a != *b.(*sc.RegExp) {
			c.differ(at, *a, b)
		}
	default:
		c.differ(at+" (no value of a tree)", a, b)
	}
}

func (c *comparison) properties(at string, a, b []sc.Property) {
	if len(a) != len(b) {
		c.differ(at+" (number of properties)", len(a), len(b))
		return
	}
	for i := range a {
		if a[i].Key != b[i].Key {
			c.differ(at+" (key)", a[i].Key, b[i].Key)
			return
		}
		c.values(at+"."+a[i].Key, a[i].Value, b[i].Value)
	}
}

// arrayProperties gives the elements too, as properties.
func arrayProperties(a *sc.Array) []sc.Property {
	var properties []sc.Property
	for i, v := range a.Elements {
		if v != (sc.Hole{}) {
			properties = append(properties, sc.Property{Key: strconv.Itoa(i), Value: v})
		}
	}
	return append(properties, a.Properties...)
}
