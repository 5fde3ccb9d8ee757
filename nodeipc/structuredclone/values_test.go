package structuredclone_test

import (
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func bigInt(digits string) *big.Int {
	n, ok := new(big.Int).SetString(digits, 0)
	if !ok {
		panic(digits)
	}
	return n
}

func array(elements ...any) *sc.Array { return &sc.Array{Elements: elements} }

func object(keysAndValues ...any) *sc.Object {
	o := &sc.Object{}
	for i := 0; i < len(keysAndValues); i += 2 {
		o.Properties = append(o.Properties, sc.Property{Key: keysAndValues[i].(string), Value: keysAndValues[i+1]})
	}
	return o
}

func sparse(length uint32, keysAndValues ...any) *sc.Array {
	return &sc.Array{Sparse: true, Length: length, Properties: object(keysAndValues...).Properties}
}

func view(kind sc.ViewKind, bytes ...byte) *sc.View { return &sc.View{Kind: kind, Bytes: bytes} }

// What Decode and Unmarshal into an any give for samples. Where there is no plain value it is the exact one.
var meanings = map[string]struct{ exact, plain any }{
	"undefined":                      {array(sc.Undefined{}), []any{sc.Undefined{}}},
	"true":                           {true, nil},
	"zero":                           {int32(0), 0.0},
	"minus one":                      {int32(-1), -1.0},
	"largest int32":                  {int32(math.MaxInt32), float64(math.MaxInt32)},
	"smallest int32":                 {int32(math.MinInt32), float64(math.MinInt32)},
	"beyond int32":                   {float64(1 << 31), nil},
	"minus zero":                     {math.Copysign(0, -1), nil},
	"NaN":                            {math.NaN(), nil},
	"minus infinity":                 {math.Inf(-1), nil},
	"fraction":                       {1.5, nil},
	"greatest safe integer":          {float64(1<<53 - 1), nil},
	"least double":                   {5e-324, nil},
	"bigint zero":                    {array(bigInt("0")), []any{bigInt("0")}},
	"bigint minus one":               {array(bigInt("-1")), []any{bigInt("-1")}},
	"bigint of 65 bits":              {array(bigInt("18446744073709551616")), []any{bigInt("18446744073709551616")}},
	"bigint minus 2 ** 63":           {array(bigInt("-9223372036854775808")), []any{bigInt("-9223372036854775808")}},
	"empty string":                   {"", nil},
	"ASCII string":                   {"abc", nil},
	"Latin-1 string":                 {"café ÿ", nil},
	"two-byte string":                {"€", nil},
	"mixed string":                   {"aé€", nil},
	"astral string":                  {"😀", nil},
	"high surrogate alone":           {"\xed\xa0\xbd", nil},
	"low surrogate alone":            {"x\xed\xb0\x80y", nil},
	"date":                           {&sc.Date{Milliseconds: 5}, time.UnixMilli(5).UTC()},
	"date before 1970":               {&sc.Date{Milliseconds: -62135596800000}, time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)},
	"date at the end":                {&sc.Date{Milliseconds: 8.64e15}, time.Date(275760, 9, 13, 0, 0, 0, 0, time.UTC)},
	"invalid date":                   {&sc.Date{Milliseconds: math.NaN()}, nil},
	"regexp":                         {&sc.RegExp{Source: `a\/b`, Flags: "gi"}, nil},
	"regexp with all flags":          {&sc.RegExp{Source: "a", Flags: "dgimsuy"}, nil},
	"regexp with sets":               {&sc.RegExp{Source: "[a--b]", Flags: "v"}, nil},
	"boxed true":                     {&sc.Boxed{Value: true}, nil},
	"boxed false":                    {&sc.Boxed{Value: false}, nil},
	"boxed number":                   {&sc.Boxed{Value: 1.0}, nil},
	"boxed two-byte string":          {&sc.Boxed{Value: "€"}, nil},
	"boxed bigint":                   {&sc.Boxed{Value: bigInt("-5")}, nil},
	"empty object":                   {object(), map[string]any{}},
	"object":                         {object("b", int32(1), "a", "x", "c", nil, "d", sc.Undefined{}, "e", object("f", true)), map[string]any{"b": 1.0, "a": "x", "c": nil, "d": sc.Undefined{}, "e": map[string]any{"f": true}}},
	"keys in order":                  {object("9", "nine", "10", "ten", "z", int32(1), "a", int32(2), "-1", int32(3), "01", int32(4), "1.5", int32(5)), map[string]any{"9": "nine", "10": "ten", "z": 1.0, "a": 2.0, "-1": 3.0, "01": 4.0, "1.5": 5.0}},
	"greatest keys":                  {object("2147483647", int32(3), "2147483648", int32(4), "4294967294", int32(1), "4294967295", int32(2)), map[string]any{"2147483647": 3.0, "2147483648": 4.0, "4294967294": 1.0, "4294967295": 2.0}},
	"other keys":                     {object("", int32(1), "é", int32(2), "€", int32(3), "\xed\xa0\x80", int32(4), "__proto__x", int32(5)), map[string]any{"": 1.0, "é": 2.0, "€": 3.0, "\xed\xa0\x80": 4.0, "__proto__x": 5.0}},
	"class instance":                 {object("x", int32(1), "y", int32(2)), map[string]any{"x": 1.0, "y": 2.0}},
	"getter":                         {object("a", int32(4)), map[string]any{"a": 4.0}},
	"array":                          {array(int32(1), "a", nil, sc.Undefined{}, array(int32(2))), []any{1.0, "a", nil, sc.Undefined{}, []any{2.0}}},
	"array of doubles":               {array(1.5, 2.0, math.Copysign(0, -1)), []any{1.5, 2.0, math.Copysign(0, -1)}},
	"array with a hole":              {sparse(3, "0", int32(1), "2", int32(3)), []any{1.0, sc.Hole{}, 3.0}},
	"array of holes only":            {sparse(5), []any{sc.Hole{}, sc.Hole{}, sc.Hole{}, sc.Hole{}, sc.Hole{}}},
	"array that had holes":           {sparse(2, "0", int32(1), "1", int32(2)), []any{1.0, 2.0}},
	"longest array":                  {sparse(math.MaxUint32, "4294967294", int32(1)), sparse(math.MaxUint32, "4294967294", 1.0)},
	"array with a property":          {&sc.Array{Elements: []any{int32(1), int32(2)}, Properties: object("x", int32(3)).Properties}, []any{1.0, 2.0}},
	"match":                          {sparse(2, "0", "ab", "1", "b", "index", int32(1), "input", "xaby", "groups", sc.Undefined{}), []any{"ab", "b"}},
	"Map":                            {&sc.Map{Entries: []sc.Entry{{Key: int32(1), Value: int32(2)}, {Key: "a", Value: object()}, {Key: object(), Value: math.NaN()}, {Key: sc.Undefined{}}}}, &sc.Map{Entries: []sc.Entry{{Key: 1.0, Value: 2.0}, {Key: "a", Value: map[string]any{}}, {Key: map[string]any{}, Value: math.NaN()}, {Key: sc.Undefined{}}}}},
	"Set":                            {&sc.Set{Values: []any{int32(1), "a", math.NaN(), object()}}, &sc.Set{Values: []any{1.0, "a", math.NaN(), map[string]any{}}}},
	"ArrayBuffer":                    {&sc.ArrayBuffer{Bytes: []byte{1, 2, 3}}, nil},
	"resizable ArrayBuffer":          {&sc.ArrayBuffer{Bytes: []byte{0, 0, 0}, Resizable: true, MaxByteLength: 10}, nil},
	"Int8Array":                      {view(sc.Int8Array, 1, 255), nil},
	"Uint8Array":                     {view(sc.Uint8Array, 1, 255), nil},
	"Uint8ClampedArray":              {view(sc.Uint8ClampedArray, 1, 255), nil},
	"Int16Array":                     {view(sc.Int16Array, 1, 0, 0xFE, 0xFF), nil},
	"Uint16Array":                    {view(sc.Uint16Array, 1, 0, 0xFF, 0xFF), nil},
	"Int32Array":                     {view(sc.Int32Array, 1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF), nil},
	"Uint32Array":                    {view(sc.Uint32Array, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF), nil},
	"Float16Array":                   {view(sc.Float16Array, 0, 0x3E, 0, 0xC0), nil},
	"Float32Array":                   {view(sc.Float32Array, 0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0), nil},
	"Float64Array":                   {view(sc.Float64Array, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F), nil},
	"BigInt64Array":                  {view(sc.BigInt64Array, 1, 0, 0, 0, 0, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF), nil},
	"BigUint64Array":                 {view(sc.BigUint64Array, 1, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF), nil},
	"DataView":                       {view(sc.DataView, 2, 3), nil},
	"Buffer":                         {view(sc.Buffer, 'h', 'i'), []byte("hi")},
	"empty Buffer":                   {view(sc.Buffer), []byte{}},
	"Error":                          {&sc.Error{Name: "Error", Message: "boo", Stack: "stack"}, nil},
	"EvalError":                      {&sc.Error{Name: "EvalError", Message: "boo", Stack: "stack"}, nil},
	"RangeError":                     {&sc.Error{Name: "RangeError", Message: "boo", Stack: "stack"}, nil},
	"ReferenceError":                 {&sc.Error{Name: "ReferenceError", Message: "boo", Stack: "stack"}, nil},
	"SyntaxError":                    {&sc.Error{Name: "SyntaxError", Message: "boo", Stack: "stack"}, nil},
	"TypeError":                      {&sc.Error{Name: "TypeError", Message: "boo", Stack: "stack"}, nil},
	"URIError":                       {&sc.Error{Name: "URIError", Message: "boo", Stack: "stack"}, nil},
	"AggregateError":                 {&sc.Error{Name: "Error", Message: "boo", Stack: "stack"}, nil},
	"Error without a message":        {&sc.Error{Name: "Error", Stack: "stack"}, nil},
	"Error with an empty message":    {&sc.Error{Name: "Error", Stack: "stack", Empty: sc.ErrorMessage}, nil},
	"Error with an empty stack":      {&sc.Error{Name: "Error", Message: "boo", Empty: sc.ErrorStack}, nil},
	"Error without a stack":          {&sc.Error{Name: "Error", Message: "boo"}, nil},
	"Error with a cause":             {&sc.Error{Name: "Error", Message: "boo", Stack: "stack", Cause: &sc.Error{Name: "TypeError", Message: "why", Stack: "stack"}}, nil},
	"Error with the cause null":      {&sc.Error{Name: "Error", Message: "boo", Stack: "stack", Empty: sc.ErrorCause}, nil},
	"Error with the cause undefined": {&sc.Error{Name: "Error", Message: "boo", Stack: "stack", Cause: sc.Undefined{}}, nil},
	"message of a cluster": {
		object("cmd", "NODE_CLUSTER", "act", "queryServer", "address", nil, "port", int32(8000), "addressType", int32(4), "fd", sc.Undefined{},
			"flags", int32(0), "backlog", int32(511), "index", int32(0), "data", nil, "seq", int32(1)),
		map[string]any{"cmd": "NODE_CLUSTER", "act": "queryServer", "address": nil, "port": 8000.0, "addressType": 4.0, "fd": sc.Undefined{},
			"flags": 0.0, "backlog": 511.0, "index": 0.0, "data": nil, "seq": 1.0},
	},
}

var compare = []cmp.Option{
	cmp.Comparer(sameDouble),
	cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
	cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) }),
}

func TestMeaningsOfSamples(t *testing.T) {
	samples := records(t)["node26"].samples
	for name, meaning := range meanings {
		data, ok := samples[name]
		if !ok {
			t.Errorf("no sample %q", name)
			continue
		}
		exact, err := sc.Decode(data)
		if d := cmp.Diff(meaning.exact, exact, compare...); err != nil || d != "" {
			t.Errorf("%s: Decode: %v\n%s", name, err, d)
		}
		var plain any
		err = sc.Unmarshal(data, &plain)
		want := meaning.plain
		if want == nil {
			want = meaning.exact
		}
		if d := cmp.Diff(want, plain, compare...); err != nil || d != "" {
			t.Errorf("%s: Unmarshal: %v\n%s", name, err, d)
		}
	}
}

func TestNullIsNil(t *testing.T) {
	v, err := sc.Decode(records(t)["node26"].samples["null"])
	if v != nil || err != nil {
		t.Errorf("Decode gives %v, %v", v, err)
	}
}

func TestNativeObject(t *testing.T) {
	v, err := sc.Decode(records(t)["node26"].samples["native object twice"])
	if err != nil {
		t.Fatal(err)
	}
	elements := v.(*sc.Array).Elements
	handle := elements[0].(*sc.Object)
	if !handle.Host || elements[1] != handle {
		t.Errorf("decoded %#v and %#v", handle, elements[1])
	}
	if reading, ok := handle.Get("reading"); !ok || reading != false {
		t.Errorf("reading is %v", reading)
	}
}

// comparable lets cmp look into types of others that hide their fields.
var comparable = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b big.Int) bool { return a.Cmp(&b) == 0 }),
}

// newLike gives a pointer to a new value of the type of v.
func newLike(v any) reflect.Value { return reflect.New(reflect.TypeOf(v)) }
