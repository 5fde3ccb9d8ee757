package structuredclone_test

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func (g *generator) object(depth int) *sc.Object {
	o := known(g, &sc.Object{Host: g.IntN(10) == 0})
	o.Properties = g.properties(depth, g.IntN(6), func() string {
		if g.IntN(4) > 0 {
			return g.string()
		}
		return pick(g, strconv.Itoa(g.IntN(20)), strconv.FormatUint(uint64(g.Uint32()), 10), "01", "-1", "1.5")
	})
	return o
}

// properties makes some, in the order in which JavaScript would have them.
func (g *generator) properties(depth, n int, key func() string) []sc.Property {
	var o sc.Object
	for range n {
		if k := key(); k != "__proto__" && k != "length" {
			o.Set(k, g.value(depth-1))
		}
	}
	slices.SortStableFunc(o.Properties, func(a, b sc.Property) int { return cmp.Compare(index(a.Key), index(b.Key)) })
	return o.Properties
}

func index(key string) int64 {
	n, err := strconv.ParseUint(key, 10, 32)
	if err != nil || n == math.MaxUint32 || strconv.FormatUint(n, 10) != key {
		return math.MaxUint32
	}
	return int64(n)
}

func (g *generator) array(depth int) *sc.Array {
	a := known(g, &sc.Array{})
	holes := g.IntN(4) == 0
	for range g.IntN(6) {
		if holes && g.IntN(2) == 0 {
			a.Elements = append(a.Elements, sc.Hole{})
		} else {
			a.Elements = append(a.Elements, g.value(depth-1))
		}
	}
	a.Properties = g.properties(depth, g.IntN(2), func() string { return "x" + g.string() })
	return a
}

func (g *generator) sparse(depth int) *sc.Array {
	a := known(g, &sc.Array{Sparse: true, Length: pick[uint32](g, 0, 3, 5000, 1<<31, math.MaxUint32)})
	a.Properties = g.properties(depth, g.IntN(4), func() string {
		if a.Length == 0 || g.IntN(4) == 0 {
			return "x" + g.string()
		}
		return strconv.FormatUint(uint64(g.Uint32N(a.Length)), 10)
	})
	return a
}

func (g *generator) mapValue(depth int) *sc.Map {
	m := known(g, &sc.Map{})
	g.distinct(depth, func(key any) { m.Entries = append(m.Entries, sc.Entry{Key: key, Value: g.value(depth - 1)}) })
	return m
}

func (g *generator) set(depth int) *sc.Set {
	s := known(g, &sc.Set{})
	g.distinct(depth, func(v any) { s.Values = append(s.Values, v) })
	return s
}

// distinct makes some values of which no two are one key to a Map.
func (g *generator) distinct(depth int, add func(any)) {
	seen := map[any]bool{}
	for range g.IntN(5) {
		v := g.value(depth - 1)
		key := float(v)
		switch k := key.(type) {
		case *big.Int:
			key = "bigint " + k.String()
		case float64:
			if key = k + 0; k != k {
				key = "NaN"
			}
			if k == 0 {
				v = 0.0 // a Map knows no minus zero
			}
		}
		if !seen[key] {
			seen[key] = true
			add(v)
		}
	}
}
