package structuredclone_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

type (
	level1 struct {
		A     int `json:"a"`
		Twice int
		level2
		*Level3 `json:",omitempty"`
		Named   level4 `json:"named"`
		Level4  `json:"level4"`
	}
	level2 struct {
		A     string `json:"a"`
		B     string
		Twice int
		Deep  int `json:"deep"`
	}
	Level3 struct {
		B    int
		C    int `json:"c"`
		Deep string
		*Loop
	}
	Loop struct {
		*Loop
		Own int
	}
	level4 struct{ X int }
	Level4 struct{ Z int }

	conflict struct {
		Left
		Right
		TaggedLeft
	}
	Left       struct{ Same, Tagged int }
	Right      struct{ Same, Tagged int }
	TaggedLeft struct {
		Other int `json:"Tagged"`
	}

	options struct {
		I    int               `json:"i,omitempty"`
		S    string            `json:",omitempty"`
		P    *int              `json:"p,omitempty"`
		L    []int             `json:"l,omitempty"`
		M    map[string]int    `json:"m,omitempty"`
		F    [0]int            `json:"f,omitempty"`
		T    struct{}          `json:"t,omitempty"`
		E    any               `json:"e,omitempty"`
		Z    zeroer            `json:"z,omitzero"`
		ZP   *zeroer           `json:"zp,omitzero"`
		ZS   struct{ A int }   `json:"zs,omitzero"`
		Q    int               `json:"q,string"`
		QF   float64           `json:"qf,string"`
		QB   bool              `json:"qb,string"`
		QS   string            `json:"qs,string"`
		QP   *int              `json:"qp,string"`
		Not  int               `json:"-"`
		Text netip.Addr        `json:"text"`
		Own  ownJSON           `json:"own"`
		PtrM *ownJSON          `json:"ptrm"`
		Keys map[uint8]float64 `json:"keys"`
		Raw  json.RawMessage   `json:"raw"`
		Num  json.Number       `json:"num"`
		Err  any               `json:"err"`
		U8   []uint16          `json:"u8"`
		Nest [][]map[string]*options
	}
	zeroer  struct{ N int }
	ownJSON struct{ v int }
)

func (z zeroer) IsZero() bool { return z.N == 7 }

func (o *ownJSON) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `{"own": [%d]}`, o.v), nil }

func (o *ownJSON) UnmarshalJSON(text []byte) error {
	var own struct{ Own [1]int }
	err := json.Unmarshal(text, &own)
	o.v = own.Own[0]
	return err
}

func ptr[T any](v T) *T { return &v }

var asJSON = []any{
	level1{A: 1, Twice: 2, level2: level2{A: "hidden", B: "b", Twice: 3, Deep: 4}, Level3: &Level3{B: 5, C: 6, Deep: "d", Loop: &Loop{Own: 7}}, Named: level4{X: 8}},
	level1{},
	&level1{Level3: &Level3{}},
	conflict{Left{1, 2}, Right{3, 4}, TaggedLeft{5}},
	options{},
	&options{
		I: 1, S: "s", P: ptr(0), L: []int{0}, M: map[string]int{"": 0}, E: 0, Z: zeroer{7}, ZP: &zeroer{7}, ZS: struct{ A int }{1}, Q: -2, QF: 1.5, QB: true,
		QS: `q"`, QP: ptr(3), Not: 5, Text: netip.MustParseAddr("::1"), Own: ownJSON{6}, PtrM: &ownJSON{7}, Keys: map[uint8]float64{9: 1e21, 10: 1},
		Raw: json.RawMessage(`{"x": [1, {"y": null}]}`), Num: "1e3", Err: []any{"x", nil}, U8: []uint16{1, 65535},
		Nest: [][]map[string]*options{{{"a": nil}, {}}, nil, {}},
	},
	options{L: []int{}, M: map[string]int{}, Z: zeroer{0}},
	map[int8]string{-1: "a", 10: "b", 9: "c"},
	map[netip.Addr]int{netip.MustParseAddr("10.0.0.1"): 1},
	[]any{1, int8(2), uint64(math.MaxUint64), float32(0.5), "s", true, nil, []int(nil), map[string]int(nil), [2]bool{}, struct{}{}, (*int)(nil), ptr("p"), ptr(ptr(1))},
}

// The same struct serves both modes: it says the same to a Node in either.
func TestMarshalSaysWhatJSONSays(t *testing.T) {
	for _, v := range asJSON {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		data, err := sc.Marshal(v)
		if err != nil {
			t.Errorf("%T: %v", v, err)
			continue
		}
		if err := sc.Unmarshal(data, &got); err != nil {
			t.Errorf("%T: %v", v, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%T is not what JSON says:\n%s", v, d)
		}
	}
}

func TestUnmarshalReadsWhatJSONReads(t *testing.T) {
	for _, v := range asJSON {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want, got := newLike(v), newLike(v)
		if err := json.Unmarshal(text, want.Interface()); err != nil {
			t.Fatal(err)
		}
		data, err := sc.Marshal(json.RawMessage(text))
		if err != nil {
			t.Errorf("%T: %v", v, err)
			continue
		}
		if err := sc.Unmarshal(data, got.Interface()); err != nil {
			t.Errorf("%T: %v", v, err)
			continue
		}
		if !reflect.DeepEqual(normal(want), normal(got)) {
			t.Errorf("%s into %T:\n%+v, want\n%+v", text, v, got.Elem(), want.Elem())
		}
	}
}

// normal is the text again: a json.RawMessage may have been written in another way.
func normal(v reflect.Value) any {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return err
	}
	var again any
	if err := json.Unmarshal(text, &again); err != nil {
		return err
	}
	return again
}
