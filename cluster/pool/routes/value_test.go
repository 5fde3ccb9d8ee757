package routes

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// The members and elements of a value are those that encoding/json finds, and what is no JSON does no harm.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"source":"_sio_adapter","uid":"00","nsp":"/","type":3,"data":{"packet":{"type":2,"data":["a",1]},"opts":{"rooms":[],"except":["b"]}}}`,
		` { "a" : [ 1 , -2.5e+7, true ,null, "x\"]}" ] ,"\u0061":{} , "a b":[[],{"c":[[]]}]} `,
		`[]`, `{}`, `"a"`, `7`, ``, `{`, `{"a"`, `{"a":`, `["\`, `]`, `{"a":1]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v := value{json: trimSpace(text), there: true}
		members, elements := map[string]json.RawMessage{}, []json.RawMessage{}
		eachMember(v.json, func(key, member []byte) {
			var name string
			if json.Unmarshal(key, &name) == nil {
				members[name] = bytes.TrimSpace(member)
			}
		})
		eachElement(v.json, func(element []byte) { elements = append(elements, bytes.TrimSpace(element)) })
		look(v)
		if !json.Valid(text) {
			return
		}
		var wantMembers map[string]json.RawMessage
		if json.Unmarshal(text, &wantMembers) == nil {
			compare(t, text, members, wantMembers)
			for name, member := range wantMembers {
				if got := v.get(name); !bytes.Equal(got.json, member) {
					t.Errorf("%q has %q at %q, want %q", text, got.json, name, member)
				}
			}
		}
		var wantElements []json.RawMessage
		if json.Unmarshal(text, &wantElements) == nil && len(wantElements) != len(elements) {
			t.Errorf("%q has %q, want %q", text, elements, wantElements)
		}
	})
}

func compare(t *testing.T, text []byte, got, want map[string]json.RawMessage) {
	if len(got) != len(want) {
		t.Errorf("%q has %q, want %q", text, got, want)
	}
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%q has %q at %q, want %q", text, got[name], name, want[name])
		}
	}
}

// look has a value be looked at as the routes do.
func look(v value) {
	for kind := -1; kind < 16; kind++ {
		isWhole(kind, v)
		isWhole(kind, v.get("data"))
	}
	v.number()
	v.text()
	v.isUndefined()
}

// What a worker sends in the serialization advanced does no harm where it is looked at.
func FuzzClone(f *testing.F) {
	seed, err := structuredclone.Marshal(map[string]any{
		"type": 3, "data": map[string]any{"packet": map[string]any{"type": 2, "data": []any{"a", nil}}, "opts": map[string]any{"rooms": []any{}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		if v, err := structuredclone.Decode(data); err == nil {
			look(value{clone: v, there: true})
		}
	})
}

// isWhole takes a packet as the adapter sends it, and none that would have it run for long or without an end.
func TestPackets(t *testing.T) {
	object := func(keysAndValues ...any) *structuredclone.Object {
		o := &structuredclone.Object{}
		for i := 0; i < len(keysAndValues); i += 2 {
			o.Set(keysAndValues[i].(string), keysAndValues[i+1])
		}
		return o
	}
	list := func(elements ...any) *structuredclone.Array { return &structuredclone.Array{Elements: elements} }
	cycle, often := object(), list()
	cycle.Set("cycle", cycle)
	for range 100 {
		often = list(often, often)
	}
	for name, c := range map[string]struct {
		argument any
		want     bool
	}{
		"a text": {"x", true}, "binary": {&structuredclone.View{}, true}, "a cycle": {cycle, false}, "often the same": {often, false},
		"a long hole": {&structuredclone.Array{Sparse: true, Length: 1 << 31}, false},
	} {
		data := object("packet", object("type", int32(2), "data", list("event", c.argument)), "opts", object("rooms", list(), "except", list()))
		if got := isWhole(broadcastPacket, value{clone: data, there: true}); got != c.want {
			t.Errorf("a packet with %s is whole: %v", name, got)
		}
	}
}
