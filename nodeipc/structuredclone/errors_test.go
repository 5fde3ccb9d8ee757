package structuredclone_test

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, io.ErrUnexpectedEOF }
func (*failing) UnmarshalJSON([]byte) error  { return io.ErrUnexpectedEOF }

type failingText string

func (failingText) MarshalText() ([]byte, error) { return nil, io.ErrUnexpectedEOF }
func (*failingText) UnmarshalText([]byte) error  { return io.ErrUnexpectedEOF }

func TestWhatCannotBeCloned(t *testing.T) {
	var deep any
	for range sc.MaxDepth + 1 {
		deep = []any{deep}
	}
	for _, test := range []struct {
		v    any
		kind sc.Kind
		want string
	}{
		{func() {}, sc.NotCloneable, "structuredclone: a func() could not be cloned: JavaScript has nothing like it"},
		{map[string]any{"a": []any{struct{ C chan int }{}}}, sc.NotCloneable, "a chan int at a.C could not be cloned"},
		{complex(1, 2), sc.NotCloneable, "a complex128 could not"},
		{map[float64]int{1: 2}, sc.NotCloneable, "a float64 could not be cloned: a map's keys are strings or integers; use a Map for others"},
		{object("a", object("b", func() {})), sc.NotCloneable, "at a.b"},
		{sc.Hole{}, sc.BadValue, "a hole is not within an array"},
		{object("a", sc.Hole{}), sc.BadValue, "at a could"},
		{object("a", true, "a", true), sc.Duplicate, "two properties named a"},
		{&sc.Array{Elements: []any{1}, Properties: object("0", 2).Properties}, sc.Duplicate, "two properties named 0"},
		{&sc.Array{Elements: []any{1}, Sparse: true, Length: 1}, sc.BadValue, "sparse"},
		{&sc.Array{Sparse: true, Properties: object("length", 2).Properties}, sc.Duplicate, "length"},
		{&sc.RegExp{Source: "a", Flags: "gg"}, sc.BadValue, "flags"},
		{&sc.RegExp{Source: "a", Flags: "uv"}, sc.BadValue, "flags"},
		{&sc.RegExp{Source: "a", Flags: "?"}, sc.BadValue, "flags"},
		{&sc.Boxed{Value: 1}, sc.BadValue, "boxes"},
		{&sc.Boxed{Value: (*big.Int)(nil)}, sc.BadValue, "boxes"},
		{&sc.View{Kind: sc.Int16Array, Bytes: make([]byte, 3)}, sc.BadValue, "whole number of elements"},
		{&sc.View{Kind: sc.Float16Array + 1}, sc.BadValue, "known kind"},
		{&sc.ArrayBuffer{Bytes: make([]byte, 2), Resizable: true, MaxByteLength: 1}, sc.BadValue, "MaxByteLength"},
		{time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC), sc.OutOfRange, "years of a Date"},
		{json.RawMessage("{"), sc.BadValue, "not JSON"},
		{json.RawMessage(strings.Repeat("[", 10001) + strings.Repeat("]", 10001)), sc.TooDeep, "deeper"},
		{json.Number("x"), sc.BadValue, "not a number"},
		{failing{}, sc.BadValue, "MarshalJSON: unexpected EOF"},
		{failingText(""), sc.BadValue, "MarshalText: unexpected EOF"},
		{struct {
			F float64 `json:",string"`
		}{math.NaN()}, sc.BadValue, "NaN"},
		{deep, sc.TooDeep, "deeper"},
	} {
		dst := []byte("before")
		out, err := sc.AppendMarshal(dst, test.v)
		var cloneError *sc.CloneError
		if !errors.As(err, &cloneError) || cloneError.Kind != test.kind || !strings.Contains(err.Error(), test.want) || out != nil {
			t.Errorf("%T: %v (kind %v), want %v and %q", test.v, err, cloneError, test.kind, test.want)
		}
		if strings.Contains(test.want, "EOF") && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%T: the error of its method is not in the chain", test.v)
		}
	}
}

func TestWhatDoesNotFit(t *testing.T) {
	type strict struct {
		A struct {
			B []int8 `json:"b"`
		} `json:"a"`
	}
	for _, test := range []struct {
		v    any
		into any
		want string
	}{
		{1.5, new(int), "cannot unmarshal number 1.5 into a Go value of type int"},
		{300.0, new(int8), "number 300 into a Go value of type int8"},
		{-1.0, new(uint), "number -1"},
		{math.NaN(), new(int), "number NaN"},
		{math.Inf(1), new(uint64), "number Infinity"},
		{math.Ldexp(1, 63), new(int64), "number 9223372036854776000"},
		{math.Ldexp(1, 64), new(uint64), "number 18446744073709552000"},
		{1e300, new(float32), "number 1e+300"},
		{math.NaN(), new(big.Int), "number NaN"},
		{bigInt("0x8000000000000000"), new(int64), "bigint"},
		{bigInt("-1"), new(uint64), "bigint"},
		{bigInt("1"), new(float64), "bigint into a Go value of type float64"},
		{true, new(string), "boolean into a Go value of type string"},
		{"x", new(bool), "string into"},
		{"x", new(time.Time), `string "x" into`},
		{&sc.Date{Milliseconds: math.NaN()}, new(time.Time), "invalid Date"},
		{&sc.Date{}, new(string), "Date into"},
		{object(), new([]int), "Object into"},
		{array(), new(map[string]int), "Array into"},
		{array(), new(inner), "Array into"},
		{&sc.Map{}, new(inner), "Map into"},
		{&sc.Set{}, new(map[string]int), "Set into"},
		{view(sc.Buffer), new(inner), "Buffer into"},
		{view(sc.DataView), new([]byte), "DataView into"},
		{view(sc.Float64Array, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F), new([]int), "Float64Array into"},
		{view(sc.Int8Array, 0xFF), new([]uint), "Int8Array into"},
		{view(sc.Uint8Array, 1), new([]string), "Uint8Array into"},
		{&sc.ArrayBuffer{}, new([]int), "ArrayBuffer into"},
		{&sc.Object{Host: true}, new([]int), "Object into"},
		{sparse(math.MaxUint32), new([]int), "nearly all holes"},
		{object("x", 1.0), new(map[int]int), `the key "x" at x into a Go value of type int`},
		{object("300", true), new(map[int8]bool), `the key "300" at 300`},
		{object("a", object("b", array(300.0))), new(strict), "number 300 at a.b into a Go value of type int8"},
		{object("q", "x"), new(struct {
			Q int `json:"q,string"`
		}), `string "x" at q into`},
		{object("q", 1.0), new(struct {
			Q int `json:"q,string"`
		}), "number at q into"},
		{"x", new(error), "string into a Go value of type error"},
		{"x", new(io.Reader), "string into"},
		{"x", new(chan int), "string into"},
		{1.0, new(sc.Undefined), "number into"},
		{1.0, new(*sc.Map), "number into"},
		{&sc.Set{}, new(sc.Map), "Set into"},
		{&sc.Map{}, new(json.RawMessage), "Map into a Go value of type json.RawMessage"},
		{bigInt("1"), new(json.RawMessage), "bigint into"},
		{view(sc.Int8Array), new(json.RawMessage), "Int8Array into"},
		{&sc.Map{Entries: []sc.Entry{{Key: array(), Value: 1.0}}}, new(map[any]int), "a Map's key"},
	} {
		err := sc.Unmarshal(encode(t, test.v), test.into)
		var typeError *sc.UnmarshalTypeError
		if !errors.As(err, &typeError) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%T into %T: %v, want %q", test.v, test.into, err, test.want)
		}
	}
}

func TestJSONOfWhatContainsItself(t *testing.T) {
	loop := object()
	loop.Set("self", loop)
	var typeError *sc.UnmarshalTypeError
	if err := sc.Unmarshal(encode(t, loop), new(json.RawMessage)); !errors.As(err, &typeError) || typeError.Kind != sc.Cycle {
		t.Error(err)
	}
	if err := sc.Unmarshal(encode(t, doubled(100, array())), new(json.RawMessage)); !errors.As(err, &typeError) || typeError.Kind != sc.OutOfRange {
		t.Error(err)
	}
}

func TestErrorsOfMethods(t *testing.T) {
	for _, into := range []any{new(failing), new(failingText), new(map[failingText]int)} {
		v := any("x")
		if reflect.TypeOf(into).Elem().Kind() == reflect.Map {
			v = object("x", 1.0)
		}
		if err := sc.Unmarshal(encode(t, v), into); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("into %T: %v", into, err)
		}
	}
}

func TestInvalidTargets(t *testing.T) {
	for target, want := range map[any]string{
		nil:         "structuredclone: cannot unmarshal into nil; give a pointer",
		(*int)(nil): "structuredclone: cannot unmarshal into a nil *int",
		1:           "structuredclone: cannot unmarshal into a int; give a pointer to it",
	} {
		var invalid *sc.InvalidUnmarshalError
		if err := sc.Unmarshal(encode(t, 1.0), target); !errors.As(err, &invalid) || err.Error() != want {
			t.Errorf("%v: %v, want %s", target, err, want)
		}
	}
}

func TestBadDataChangesNothing(t *testing.T) {
	v := inner{X: 5}
	data := encode(t, object("x", 7.0, "y", 8.0))
	if err := sc.Unmarshal(data[:len(data)-1], &v); err == nil || v.X != 5 {
		t.Errorf("%v, %+v", err, v)
	}
}

func TestJavaScriptErrorIsGoError(t *testing.T) {
	data := encode(t, &sc.Error{Name: "TypeError", Message: "m", Cause: &sc.Error{Message: "why"}})
	err := unmarshal[error](t, data)
	var cause *sc.Error
	if err.Error() != "TypeError: m" || !errors.As(errors.Unwrap(err), &cause) || cause.Error() != "Error: why" {
		t.Errorf("got %v, caused by %v", err, cause)
	}
	if (&sc.Error{}).Error() != "Error" || errors.Unwrap(&sc.Error{Cause: "x"}) != nil {
		t.Error("an empty Error")
	}
}
