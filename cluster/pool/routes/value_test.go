package routes

import (
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// What a worker sends as JSON does no harm where it is looked at.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"source":"_sio_adapter","uid":"00","nsp":"/","type":3,"data":{"packet":{"type":2,"data":["a",1]},"opts":{"rooms":[],"except":["b"]}}}`,
		`{"type":8,"data":{"sockets":[{"id":"a","rooms":[]}]}}`, `[]`, `{"data":`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) { look(value{json: text, there: true}) })
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
