package structuredclone_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"unicode/utf16"
	"unicode/utf8"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// generator makes trees at random that a Node of that major version reads.
type generator struct {
	*rand.Rand
	major   int
	shared  bool // objects are in several places, and in themselves
	errors  bool
	objects []any
}

func pick[T any](g *generator, choices ...T) T { return choices[g.IntN(len(choices))] }

// known lets an object be referred to.
func known[T any](g *generator, object T) T {
	g.objects = append(g.objects, object)
	return object
}

func (g *generator) value(depth int) any {
	if g.shared && len(g.objects) > 0 && g.IntN(8) == 0 {
		return pick(g, g.objects...)
	}
	kinds := 12
	if depth > 0 {
		kinds = 20
	}
	switch g.IntN(kinds) {
	case 0:
		return pick[any](g, sc.Undefined{}, nil, true, false)
	case 1:
		return int32(g.Uint32())
	case 2:
		return g.number()
	case 3:
		return g.bigInt()
	case 4, 5:
		return g.string()
	case 6:
		return known(g, &sc.Date{Milliseconds: pick(g, math.NaN(), 0, float64(int32(g.Uint32())), 8.64e15)})
	case 7:
		flags := []string{"", "g", "imsu", "dy"}
		if g.major >= 20 {
			flags = append(flags, "gv")
		}
		return known(g, &sc.RegExp{Source: pick(g, "a", "[b]+", "€", `a\/b`, "(?:)"), Flags: pick(g, flags...)})
	case 8:
		return known(g, &sc.Boxed{Value: pick[any](g, true, false, g.number(), g.string(), g.bigInt())})
	case 9:
		return known(g, g.view())
	case 10:
		return known(g, g.buffer())
	case 11:
		if g.errors {
			return g.error(depth)
		}
		return g.number()
	case 12, 13, 14:
		return g.object(depth)
	case 15, 16:
		return g.array(depth)
	case 17:
		return g.sparse(depth)
	case 18:
		return g.mapValue(depth)
	}
	return g.set(depth)
}

func (g *generator) number() float64 {
	return pick(g, 0, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), 1.5, 1<<31, -1<<31-1, 1<<53,
		5e-324, g.NormFloat64()*1e9, float64(g.Int64()))
}

func (g *generator) bigInt() *big.Int {
	n := new(big.Int)
	for range g.IntN(4) {
		n.Lsh(n, 40).Add(n, big.NewInt(g.Int64N(1<<40)))
	}
	if g.IntN(2) == 0 {
		n.Neg(n)
	}
	return n
}

func (g *generator) string() string {
	alphabet := pick(g, utf16.Encode([]rune("abcxyz019 _")), []uint16{'a', 0xE9, 0xFF}, []uint16{'a', 0x20AC, 0x4E2D},
		[]uint16{'a', 0xD83D, 0xDE00, 0xD800})
	length := g.IntN(12)
	if g.IntN(20) == 0 {
		length = g.IntN(300)
	}
	units := make([]uint16, length)
	for i := range units {
		units[i] = pick(g, alphabet...)
	}
	return wtf8(units)
}

// wtf8 gives UTF-16 as the package does: a surrogate alone is in three bytes.
func wtf8(units []uint16) string {
	var s []byte
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if i+1 < len(units) {
			if pair := utf16.DecodeRune(r, rune(units[i+1])); pair != utf8.RuneError {
				r = pair
				i++
			}
		}
		if utf16.IsSurrogate(r) {
			s = append(s, 0xED, byte(0x80|r>>6&0x3F), byte(0x80|r&0x3F))
		} else {
			s = utf8.AppendRune(s, r)
		}
	}
	return string(s)
}

func (g *generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func (g *generator) buffer() *sc.ArrayBuffer {
	b := &sc.ArrayBuffer{Bytes: g.bytes(g.IntN(20))}
	if g.major >= 20 && g.IntN(3) == 0 {
		b.Resizable, b.MaxByteLength = true, uint32(len(b.Bytes)+g.IntN(200))
	}
	return b
}

func (g *generator) view() *sc.View {
	kinds := int(sc.Float16Array)
	if g.major >= 24 {
		kinds++
	}
	kind := sc.ViewKind(g.IntN(kinds))
	return &sc.View{Kind: kind, Bytes: g.bytes(kind.BytesPerElement() * g.IntN(5))}
}

func (g *generator) error(depth int) *sc.Error {
	e := &sc.Error{
		Name:    pick(g, "Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"),
		Message: g.string(),
		Stack:   g.string(),
	}
	if e.Message == "" && g.IntN(2) == 0 {
		e.Empty |= sc.ErrorMessage
	}
	if e.Stack == "" && g.IntN(2) == 0 {
		e.Empty |= sc.ErrorStack
	}
	if g.major >= 22 {
		known(g, e) // before that Node does not read an Error that is in its own cause
	}
	if depth > 0 && g.IntN(3) == 0 {
		if e.Cause = g.value(depth - 1); e.Cause == nil {
			e.Empty |= sc.ErrorCause
		}
	}
	return e
}
