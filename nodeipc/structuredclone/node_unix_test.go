//go:build unix

package structuredclone_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// What Node reads, as an expression, of what Marshal writes; and unless lossy Unmarshal gives the value back.
var marshalled = []struct {
	value      any
	expression string
	lossy      bool
}{
	{value: 1, expression: "1"},
	{value: int64(math.MaxInt32) + 1, expression: "2 ** 31"},
	{value: uint64(1 << 53), expression: "2 ** 53"},
	{value: math.Copysign(0, -1), expression: "-0"},
	{value: 2.0, expression: "2"},
	{value: float32(1.5), expression: "1.5"},
	{value: math.Inf(1), expression: "Infinity"},
	{value: "a\x00é€😀", expression: `"a\0\xe9\u20ac\u{1f600}"`},
	{value: "\xed\xa0\xbd", expression: `"\ud83d"`},
	{value: "\xed\xa0\xbd\xed\xb8\x80", expression: `"\u{1f600}"`, lossy: true},
	{value: "a\xffb\xc3", expression: `"a\ufffdb\ufffd"`, lossy: true},
	{value: []byte("hi"), expression: `Buffer.from("hi")`},
	{value: []byte{}, expression: `Buffer.alloc(0)`},
	{value: [3]byte{1, 2, 3}, expression: "[1, 2, 3]"},
	{value: []string{}, expression: "[]"},
	{value: []string(nil), expression: "null"},
	{value: []any{1.0, nil, "x", []any{true}, sc.Undefined{}}, expression: "[1, null, 'x', [true], undefined]"},
	{value: []any{1.0, sc.Hole{}, 3.0}, expression: "[1, , 3]"},
	{value: map[string]int{"b": 1, "a": 2, "10": 3, "é": 4, "€": 5}, expression: `({ 10: 3, a: 2, b: 1, "\xe9": 4, "\u20ac": 5 })`},
	{value: map[netip.Addr]bool{netip.MustParseAddr("::1"): true}, expression: `({ "::1": true })`},
	{value: map[string]any{"__proto__": 1.0}, expression: `JSON.parse('{"__proto__": 1}')`},
	{value: netip.MustParseAddr("127.0.0.1"), expression: `"127.0.0.1"`},
	{value: time.UnixMilli(1234567890123).UTC(), expression: "new Date(1234567890123)"},
	{value: time.Time{}, expression: "new Date('0001-01-01T00:00:00Z')"},
	{value: *bigInt("-0x123456789abcdef0123"), expression: "-0x123456789abcdef0123n"},
	{value: json.RawMessage(`{"b": [1, -0, 1e400, "\ud83d\ude00\ud83d\u00e9\n\/"], "a": null, "b": [true], "2": {}, "1": 1.5e3}`),
		expression: `({ 1: 1500, 2: {}, b: [true], a: null })`, lossy: true},
	{value: json.RawMessage(`["\ud83d\ude00\ud83d\u00e9\n\/\"", -0, -1.5, 1e400]`),
		expression: `["\u{1f600}\ud83d\xe9\n/\"", -0, -1.5, Infinity]`, lossy: true},
	{value: json.Number("12"), expression: "12"},
	{value: inner{X: 1}, expression: "({ x: 1 })"},
	{value: cased{"a", "b"}, expression: "({ Cmd: 'a', cmd: 'b' })"},
	{
		value: outer{
			Embedded: Embedded{Shown: "s", Hidden: "never"}, Pointed: &Pointed{"f"}, Name: "n", Hidden: true, Quoted: 5,
			Pointer: &inner{Y: 2}, List: []inner{{X: 3}}, ByNumber: map[int]string{-1: "m", 7: "s"}, Floats: map[string]float32{"h": 0.5}, Any: "any",
		},
		expression: `({ shown: "s", far: "f", name: "n", hidden: true, quoted: "5", inner: { x: 0 }, pointer: { x: 0, y: 2 }, list: [{ x: 3 }],
			fixed: [0, 0], byNumber: { 7: "s", "-1": "m" }, floats: { h: 0.5 }, any: "any" })`,
		lossy: true, // Embedded.Hidden is
	},
	{value: ring(), expression: `(() => { const a = { name: "a" }, b = { name: "b", next: a }; a.next = b; a.all = [a, b]; return a; })()`},
	{value: &sc.Map{Entries: []sc.Entry{{Key: 1.0, Value: []any{}}}}, expression: "new Map([[1, []]])", lossy: true},
	{value: &sc.Set{Values: []any{"a"}}, expression: "new Set(['a'])"},
	{value: &sc.RegExp{Source: "a", Flags: "gi"}, expression: "/a/gi"},
	{value: &sc.Boxed{Value: 1.0}, expression: "new Number(1)"},
	{value: &sc.View{Kind: sc.Int16Array, Bytes: []byte{1, 0}}, expression: "new Int16Array([1])"},
	{value: &sc.Object{Host: true, Properties: []sc.Property{{Key: "a", Value: true}}}, expression: "({ a: true })", lossy: true},
	{value: sc.Object{Properties: []sc.Property{{Key: "a", Value: true}}}, expression: "({ a: true })"},
	{value: &sc.Error{Name: "RangeError", Message: "m", Stack: "s"}, expression: "Object.assign(new RangeError('m'), { stack: 's' })"},
	{value: fmt.Errorf("outer: %w", errors.New("inner")), lossy: true,
		expression: "((e, c) => { e.stack = c.stack = undefined; return e; })(...[new Error('inner')].map((c) => [new Error('outer: inner', { cause: c }), c])[0])"},
}

func TestNodeReadsWhatMarshalWrote(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		p := newPeer(t, node)
		for _, test := range marshalled {
			if !p.expect(p.marshal([]any{"expect", test.expression, test.value})) {
				t.Errorf("Marshal(%#v) is not %s", test.value, test.expression)
			}
		}
	})
}

func TestNullForAnything(t *testing.T) {
	p := newPeer(t, nodetest.Default(t))
	for _, v := range []any{nil, (*int)(nil), (*sc.Map)(nil), (*big.Int)(nil), map[string]any(nil), []any(nil), []byte(nil), (error)(nil), (*sc.Error)(nil),
		json.RawMessage(nil), sc.RawMessage(nil), (*netip.Addr)(nil), (*time.Time)(nil), struct{ E error }{}.E} {
		p.expect(p.marshal([]any{"expect", "null", v}))
	}
}

// What Unmarshal makes, in a value of the type of want, of what Node writes.
var unmarshalled = []struct {
	expression string
	want       any
}{
	{"1", 1}, {"-1", int8(-1)}, {"255", uint8(255)}, {"2 ** 53", int64(1 << 53)}, {"1.5", float32(1.5)}, {"new Number(3)", 3},
	{"-(2 ** 63)", int64(math.MinInt64)}, {"2 ** 64 - 2048", uint64(math.MaxUint64 - 2047)},
	{"[2n ** 63n - 1n]", []int64{math.MaxInt64}}, {"[2n ** 64n - 1n]", []uint64{math.MaxUint64}}, {"[7n]", []*big.Int{big.NewInt(7)}},
	{"2 ** 70", bigInt("0x400000000000000000")}, {"[Object(7n)]", []int{7}},
	{"true", true}, {"new Boolean(false)", false}, {"'x'", "x"}, {"new String('x')", "x"}, {"5", json.Number("5")},
	{"new Date(5)", time.UnixMilli(5).UTC()}, {"'2020-01-02T03:04:05Z'", time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)},
	{"Buffer.from('hi')", []byte("hi")}, {"new Uint8Array([1])", []byte{1}}, {"new Uint8Array([1]).buffer", []byte{1}}, {"[1, 2]", []byte{1, 2}},
	{"new Int16Array([1, -2])", []int16{1, -2}}, {"new Uint8ClampedArray([9])", []int{9}}, {"new Float64Array([0.5])", []float64{0.5}},
	{"new Float32Array([0.5])", []float32{0.5}}, {"new BigUint64Array([2n ** 64n - 1n])", []uint64{math.MaxUint64}}, {"new BigInt64Array([-1n])", []int64{-1}},
	{"new Uint32Array([7])", []float64{7}}, {"new Int8Array([-1])", []int8{-1}}, {"new Uint16Array([1])", []int{1}}, {"new Int32Array([-7])", []int{-7}},
	{"[1, , 3]", []int{1, 0, 3}}, {"[1, 2, 3]", [2]int{1, 2}}, {"[1]", [2]int{1}}, {"[1, , 3]", [4]int{1, 0, 3}}, {"[1, , 3]", [4]any{1.0, sc.Hole{}, 3.0, nil}},
	{"new Set([1, 2])", []int{1, 2}}, {"new Map([['a', 1]])", map[string]int{"a": 1}}, {"new Map([[1, { x: 1 }]])", map[float64]inner{1: {X: 1}}},
	{"({ 1: 'a', '-2': 'b' })", map[int]string{1: "a", -2: "b"}}, {"({ '::1': true })", map[netip.Addr]bool{netip.MustParseAddr("::1"): true}},
	{"'127.0.0.1'", netip.MustParseAddr("127.0.0.1")},
	{"({ x: 1, unknown: [1, { a: new Map([[1, 2]]) }], y: null })", inner{X: 1}}, {"({ x: 1, y: undefined })", &inner{X: 1}},
	{"new (class { x = 1 })()", inner{X: 1}}, {"((o) => [o, o, 0])({ x: 1 })", []any{map[string]any{"x": 1.0}, map[string]any{"x": 1.0}, 0.0}},
	{"({ CMD: 'x', Cmd: 'y' })", cased{Cmd: "y"}}, {"({ cmd: 'x', CMD: 'y' })", cased{Cmd: "y", Lower: "x"}},
	{"({ X: 1, Y: 2, '\u2126': 3 })", inner{X: 1, Y: 2}}, {"({ x: 1, X: 2 })", inner{X: 2}},
	{"({ NAÏVE: 1, '\u212a': 2 })", struct{ Naïve, K int }{1, 2}},
	{"({ shown: 's', far: 'f', name: 'n', hidden: true, quoted: '5', inner: { x: 1 }, pointer: {}, list: [{}], fixed: [1, 2, 3], byNumber: { 1: 'a' }, floats: { h: 0.5 }, any: [1] })",
		outer{Embedded: Embedded{Shown: "s"}, Pointed: &Pointed{"f"}, Name: "n", Hidden: true, Quoted: 5, Inner: inner{X: 1}, Pointer: &inner{}, List: []inner{{}},
			Fixed: [2]int8{1, 2}, ByNumber: map[int]string{1: "a"}, Floats: map[string]float32{"h": 0.5}, Any: []any{1.0}}},
	{"new Map([[1, {}]])", sc.Map{Entries: []sc.Entry{{Key: int32(1), Value: &sc.Object{}}}}}, {"/a/g", &sc.RegExp{Source: "a", Flags: "g"}},
	{"({ a: 1 })", &sc.Object{Properties: []sc.Property{{Key: "a", Value: int32(1)}}}}, {"new Date(NaN)", &sc.Date{Milliseconds: math.NaN()}},
	{"[new ArrayBuffer(1)]", []*sc.ArrayBuffer{{Bytes: []byte{0}}}}, {"new Int8Array(1)", sc.View{Bytes: []byte{0}}},
	{"({ a: [1, '\\u00e9\\ud800', , null, NaN], b: new Date(0), c: undefined, d: new String('x'), 'e\"': -0, f: true, g: 1e21, h: 1e-7 })",
		json.RawMessage(`{"a":[1,"é\ud800",null,null,null],"b":"1970-01-01T00:00:00.000Z","d":"x","e\"":0,"f":true,"g":1e+21,"h":1e-7}`)},
}

func TestUnmarshalOfWhatNodeWrote(t *testing.T) {
	nodetest.NoLeaks(t)
	nodetest.EachNode(t, func(t *testing.T, node nodetest.Runtime) {
		p := newPeer(t, node)
		for _, test := range unmarshalled {
			got := newLike(test.want)
			if err := sc.Unmarshal(p.ask(p.marshal([]any{"eval", test.expression})), got.Interface()); err != nil {
				t.Errorf("%s into %T: %v", test.expression, test.want, err)
				continue
			}
			if d := cmp.Diff(test.want, got.Elem().Interface(), append(compare, comparable)...); d != "" {
				t.Errorf("%s: %s", test.expression, d)
			}
		}
	})
}

func TestMarshalledComesBack(t *testing.T) {
	nodetest.NoLeaks(t)
	p := newPeer(t, nodetest.Default(t))
	for _, test := range marshalled {
		if test.lossy {
			continue
		}
		got := newLike(test.value)
		var echo []sc.RawMessage
		if err := sc.Unmarshal(p.ask(p.marshal([]any{"echo", test.value})), &echo); err != nil {
			t.Fatal(err)
		}
		if err := sc.Unmarshal(echo[0], got.Interface()); err != nil {
			t.Errorf("%s into %T: %v", test.expression, test.value, err)
			continue
		}
		if d := cmp.Diff(test.value, got.Elem().Interface(), append(compare, comparable)...); d != "" {
			t.Errorf("%s: %s", test.expression, d)
		}
	}
}
