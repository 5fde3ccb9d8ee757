package structuredclone_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func TestMarshalCorners(t *testing.T) {
	type odd struct {
		Wide  int     `json:"€"`
		Index int     `json:"7"`
		List  []any   `json:"list"`
		Own   []error `json:"own"`
	}
	type bytes []byte
	type text string
	for _, test := range []struct{ v, want any }{
		{odd{1, 2, []any{sc.Hole{}}, []error{nil, errors.New("e")}}, object("€", 1.0, "7", 2.0, "list", array(sc.Hole{}), "own", array(nil, &sc.Error{Name: "Error", Message: "e"}))},
		{bytes("x"), view(sc.Buffer, 'x')},
		{map[text]bool{"k": true}, object("k", true)},
		{map[*netip.Addr]int{nil: 1}, object("", 1.0)},
		{struct{ N json.Number }{}, object("N", 0.0)},
		{struct{ error }{errors.New("m")}, &sc.Error{Name: "Error", Message: "m"}},
		{&sc.Error{Name: "Mine"}, &sc.Error{Name: "Error"}},
		{&sc.Error{Empty: sc.ErrorMessage | sc.ErrorStack | sc.ErrorCause}, &sc.Error{Name: "Error", Empty: sc.ErrorMessage | sc.ErrorStack | sc.ErrorCause}},
		{[]sc.Undefined{{}}, array(sc.Undefined{})},
		{time.UnixMicro(-1), &sc.Date{Milliseconds: -1}},
		{[]sc.RegExp{{Source: "a"}}, array(&sc.RegExp{Source: "a"})},
		{json.RawMessage(" [ 1 , { \"a\" : { } } ] \n"), array(1.0, object("a", object()))},
	} {
		data, err := sc.Marshal(test.v)
		if err != nil {
			t.Errorf("%#v: %v", test.v, err)
			continue
		}
		got, err := sc.Decode(data)
		if d := difference(got, test.want); err != nil || d != "" {
			t.Errorf("%#v: %v, %s", test.v, err, d)
		}
	}
}

func TestUnmarshalCorners(t *testing.T) {
	number := 1
	kept := &inner{X: 1, Y: 2}
	type target struct {
		Any     any            `json:"any"`
		Number  int            `json:"number"`
		Pointer *inner         `json:"pointer"`
		Map     map[string]int `json:"map"`
		Raw     json.RawMessage
		Own     ownJSON
		U       sc.Undefined
		Quoted  *int `json:"quoted,string"`
		Time    time.Time
		Object  sc.Object
	}
	v := target{Any: &number, Number: 5, Pointer: kept, Map: map[string]int{"old": 1}, Raw: json.RawMessage("1"), Quoted: new(int)}
	data := encode(t, object("any", 2.0, "pointer", object("x", 3.0), "map", object("new", 2.0), "Raw", sc.Undefined{}, "Own", sc.Undefined{},
		"U", sc.Undefined{}, "quoted", nil, "Time", nil, "Object", nil, "number", sc.Undefined{}))
	if err := sc.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	want := target{Any: &number, Number: 5, Pointer: &inner{X: 3, Y: 2}, Map: map[string]int{"old": 1, "new": 2}}
	if d := cmp.Diff(want, v, cmp.AllowUnexported(ownJSON{})); d != "" || number != 2 || v.Pointer != kept {
		t.Errorf("%s, number %d", d, number)
	}
	if err := sc.Unmarshal(encode(t, object("any", nil, "pointer", nil, "map", nil, "Raw", nil)), &v); err != nil {
		t.Fatal(err)
	}
	if v.Any != nil || v.Pointer != nil || v.Map != nil || string(v.Raw) != "null" {
		t.Errorf("null gives %+v", v)
	}
}

func TestGetSetIndex(t *testing.T) {
	o := object("a", 1.0)
	o.Set("b", 2.0)
	o.Set("a", 3.0)
	if d := difference(o, object("a", 3.0, "b", 2.0)); d != "" {
		t.Error(d)
	}
	if v, ok := o.Get("c"); v != nil || ok {
		t.Errorf("c is %v, %v", v, ok)
	}
	a := sparse(10, "3", "x")
	if a.Len() != 10 || a.Index(3) != "x" || a.Index(4) != (sc.Hole{}) || a.Index(10) != (sc.Hole{}) {
		t.Errorf("%v", a)
	}
	if d := array("x"); d.Len() != 1 || d.Index(0) != "x" || d.Index(1) != (sc.Hole{}) {
		t.Errorf("%v", d)
	}
}

func TestNames(t *testing.T) {
	if sc.Float16Array.String() != "Float16Array" || sc.ViewKind(99).String() != "unknown view" || sc.ViewKind(99).BytesPerElement() != 0 {
		t.Error("kinds of views")
	}
	for kind := sc.Truncated; kind <= sc.Cycle; kind++ {
		if kind.String() == "" {
			t.Errorf("kind %d has no name", kind)
		}
	}
}

func TestAppend(t *testing.T) {
	// Two-byte strings are aligned to where the message begins, and not to where dst does.
	alone, err := sc.Marshal([]string{"€", "a", "€€"})
	if err != nil {
		t.Fatal(err)
	}
	for _, before := range []string{"", "x", "xx"} {
		got, err := sc.AppendMarshal([]byte(before), []string{"€", "a", "€€"})
		if err != nil || string(got) != before+string(alone) {
			t.Errorf("%x after %q, %v", got, before, err)
		}
	}
}
