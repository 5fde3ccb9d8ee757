package structuredclone_test

import (
	"errors"
	"fmt"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	data, err := sc.Encode(v)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func unmarshal[T any](tb testing.TB, data []byte) (v T) {
	tb.Helper()
	if err := sc.Unmarshal(data, &v); err != nil {
		tb.Fatal(err)
	}
	return v
}

func TestOneObjectIsOnePointer(t *testing.T) {
	shared := object("name", "s")
	shared.Set("next", shared)
	data := encode(t, object("a", shared, "b", shared, "skipped", array(shared), "any", shared, "tree", shared, "map", shared))
	got := unmarshal[struct {
		A, B *node
		Any  any
		Tree *sc.Object
		Map  map[string]any
	}](t, rename(t, data))
	if got.A != got.B || got.A.Next != got.A || got.A.Name != "s" {
		t.Errorf("as pointers: %+v and %+v", got.A, got.B)
	}
	if m := got.Any.(map[string]any); m["name"] != "s" || fmt.Sprintf("%p", m["next"]) != fmt.Sprintf("%p", m) {
		t.Errorf("as any: %p", m)
	}
	if next, _ := got.Tree.Get("next"); next != got.Tree {
		t.Errorf("as Object: %v", next)
	}
	if fmt.Sprintf("%p", got.Map["next"]) != fmt.Sprintf("%p", got.Any) {
		t.Errorf("a map within a map of that type: %p, want %p", got.Map["next"], got.Any)
	}
}

// rename gives keys as Go's fields have them.
func rename(tb testing.TB, data []byte) []byte {
	v, err := sc.Decode(data)
	if err != nil {
		tb.Fatal(err)
	}
	for i, p := range v.(*sc.Object).Properties {
		v.(*sc.Object).Properties[i].Key = string(p.Key[0]-'a'+'A') + p.Key[1:]
	}
	return encode(tb, v)
}

func TestReferencesIntoOtherTypes(t *testing.T) {
	// Whatever the type, and whether an object was passed over before, a reference finds it.
	buffer := view(sc.Buffer, 1, 2)
	boxed := &sc.Boxed{Value: "x"}
	point := object("x", int32(1))
	list := array(point, point)
	data := encode(t, object("ignored", array(buffer, boxed, list), "Bytes", buffer, "String", boxed, "Points", list, "Values", list,
		"Tree", buffer, "Raw", list, "Text", boxed, "Again", list))
	got := unmarshal[struct {
		Bytes  []byte
		String string
		Points []*inner
		Values [2]inner
		Tree   *sc.View
		Raw    sc.RawMessage
		Text   *string
		Again  []any
	}](t, data)
	if string(got.Bytes) != "\x01\x02" || got.String != "x" || *got.Text != "x" || string(got.Tree.Bytes) != "\x01\x02" {
		t.Errorf("got %+v", got)
	}
	if got.Points[0] != got.Points[1] || got.Points[0].X != 1 || got.Values[1].X != 1 || len(got.Again) != 2 {
		t.Errorf("got %+v", got)
	}
	raw, err := sc.Decode(got.Raw)
	if d := difference(raw, list); err != nil || d != "" {
		t.Errorf("RawMessage: %v, %s", err, d)
	}
}

func TestCycleThatTypeCannotHold(t *testing.T) {
	type value struct {
		Self map[string]value
	}
	loop := object()
	loop.Set("Self", loop)
	var typeError *sc.UnmarshalTypeError
	var v value
	if err := sc.Unmarshal(encode(t, loop), &v); !errors.As(err, &typeError) || typeError.Kind != sc.Cycle {
		t.Errorf("into %T: %v", v, err)
	}
	var raw map[string]any
	if err := sc.Unmarshal(encode(t, loop), &raw); err != nil {
		t.Error(err)
	}
}

func TestMarshalKeepsIdentity(t *testing.T) {
	pointer, number := &inner{X: 1}, new(int)
	list, m, err := []int{1}, map[string]int{}, errors.New("e")
	shared := []any{pointer, list, m, err, []byte("b")}
	data, marshalErr := sc.Marshal([]any{shared, shared, number, number, pointer, list, list[:0], m, err, *pointer})
	if marshalErr != nil {
		t.Fatal(marshalErr)
	}
	v, decodeErr := sc.Decode(data)
	if decodeErr != nil {
		t.Fatal(decodeErr)
	}
	e := v.(*sc.Array).Elements
	first := e[0].(*sc.Array)
	if e[1] != first {
		t.Error("a slice in two places is two arrays")
	}
	for i, at := range map[int]int{0: 4, 1: 5, 2: 7, 3: 8} {
		if first.Elements[i] != e[at] {
			t.Errorf("%v in two places is two objects", e[at])
		}
	}
	if e[2] != int32(0) || e[3] != int32(0) {
		t.Errorf("one pointer to a number gives %v and %v", e[2], e[3])
	}
	if e[6] == e[5] || e[9] == e[4] {
		t.Error("what only looks alike is one object")
	}
}

func TestMarshalOfPointersToThemselves(t *testing.T) {
	var loop any
	loop = &loop
	list := []any{nil}
	list[0] = list
	m := map[string]any{}
	m["m"] = m
	var cloneError *sc.CloneError
	if _, err := sc.Marshal(loop); !errors.As(err, &cloneError) || cloneError.Kind != sc.Cycle {
		t.Errorf("a pointer to itself: %v", err)
	}
	for _, v := range []any{list, m} {
		if data, err := sc.Marshal(v); err != nil {
			t.Errorf("%T: %v", v, err)
		} else if _, err := sc.Decode(data); err != nil {
			t.Errorf("%T: %v", v, err)
		}
	}
	type S struct{ Next []S }
	s := S{Next: make([]S, 1)}
	s.Next[0] = s
	if data, err := sc.Marshal(s); err != nil || len(data) > 100 {
		t.Errorf("a slice in itself: %x, %v", data, err)
	}
}

// A value that doubles with each level must not.
func TestSharedIsNotCopied(t *testing.T) {
	v := any(array(int32(1)))
	for range 100 {
		v = array(v, v)
	}
	data := encode(t, v)
	if len(data) > 2000 {
		t.Fatalf("%d bytes", len(data))
	}
	decoded, err := sc.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(decoded, v); d != "" {
		t.Error(d)
	}
	plain := unmarshal[any](t, data)
	again, err := sc.Marshal(plain)
	if err != nil || len(again) != len(data) {
		t.Errorf("%d bytes became %d, %v", len(data), len(again), err)
	}
	type tree []tree
	var typed tree
	if err := sc.Unmarshal(encode(t, doubled(100, array())), &typed); err != nil || len(typed) != 2 {
		t.Errorf("%d, %v", len(typed), err)
	}
}

func doubled(levels int, v any) any {
	for range levels {
		v = array(v, v)
	}
	return v
}
