package utilinspect_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func TestJSON(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for text, want := range map[string]string{
		`null`:                            `null`,
		`-1.50`:                           `-1.50`,
		`[]`:                              `[]`,
		`{"a":1,"b-c":[true,{}]}`:         `{a: 1, 'b-c': [true, {}]}`,
		`"it's \"so\"\n\u001b[31m\ud83d"`: `'it\'s "so"\n\x1b[31m` + "\ufffd'",
		`"` + long + `"`:                  `'` + long[:80] + `'… 920 more bytes`,
		`["` + strings.Repeat(`a","`, 1000) + `"]`:              `[` + strings.Repeat(`'a', `, 47) + `'a'…`,
		strings.Repeat("[", 100_000):                            strings.Repeat("[", 240) + "…",
		`{"key":"` + strings.Repeat(long, 10) + `","more":[1]}`: `{key: '` + long[:80] + `'… 9920 more bytes, more: [1]}`,
	} {
		got := utilinspect.JSON([]byte(text))
		if got != want {
			t.Errorf("%.60s is shown as\n%s\nwant\n%s", text, got, want)
		}
	}
}

func TestAdvanced(t *testing.T) {
	circular := &structuredclone.Object{}
	circular.Set("self", circular)
	object := func(v any) *structuredclone.Object {
		return &structuredclone.Object{Properties: []structuredclone.Property{{Key: "k", Value: v}}}
	}
	for _, test := range []struct {
		value structuredclone.Value
		want  string
	}{
		{structuredclone.Undefined{}, "undefined"},
		{math.NaN(), "NaN"}, {math.Inf(-1), "-Infinity"}, {math.Inf(1), "Infinity"}, {math.Copysign(0, -1), "-0"},
		{1e300, "1e+300"}, {int32(-7), "-7"}, {0.25, "0.25"}, {1e20, "100000000000000000000"},
		{big.NewInt(-5), "-5n"}, {new(big.Int).Lsh(big.NewInt(1), 5000), "[BigInt of 5001 bits]"},
		{circular, "{self: [Circular]}"},
		{&structuredclone.Array{Elements: []any{int32(1), structuredclone.Hole{}, object(true)}}, "[1, <hole>, {k: true}]"},
		{&structuredclone.Array{Sparse: true, Length: 1000, Properties: []structuredclone.Property{{Key: "7", Value: "x"}}}, "Array(1000) {'7': 'x'}"},
		{&structuredclone.Map{Entries: []structuredclone.Entry{{Key: object(nil), Value: "v"}}}, "Map(1) {{k: null} => 'v'}"},
		{&structuredclone.Set{Values: []any{int32(1), "a"}}, "Set(2) {1, 'a'}"},
		{&structuredclone.Date{Milliseconds: 1.5e12}, "2017-07-14T02:40:00Z"},
		{&structuredclone.Date{Milliseconds: math.NaN()}, "Invalid Date"},
		{&structuredclone.RegExp{Source: "a\\/b", Flags: "gi"}, `/a\/b/gi`},
		{&structuredclone.Error{Name: "TypeError", Message: "no\x1b", Cause: "c"}, `[TypeError: no\x1b, cause: 'c']`},
		{&structuredclone.Boxed{Value: "s"}, "Object('s')"},
		{&structuredclone.ArrayBuffer{Bytes: []byte{1, 255}}, "<ArrayBuffer 01 ff>"},
		{&structuredclone.View{Kind: structuredclone.Buffer, Bytes: make([]byte, 20)}, "<Buffer" + strings.Repeat(" 00", 16) + "… 4 more bytes>"},
	} {
		payload, err := structuredclone.Encode(test.value)
		if err != nil {
			t.Fatal(err)
		}
		if got := utilinspect.Advanced(payload); got != test.want {
			t.Errorf("it is shown as %s, want %s", got, test.want)
		}
	}
}
