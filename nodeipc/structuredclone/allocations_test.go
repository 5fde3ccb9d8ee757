package structuredclone_test

import (
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/nodetest"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// allocate fails the test if f allocates more often. The race detector makes a sync.Pool forget, which costs some at
// times.
func allocate(t *testing.T, what string, most float64, f func() error) {
	t.Helper()
	if nodetest.RaceDetector {
		most += 8
	}
	got := testing.AllocsPerRun(100, func() {
		if err := f(); err != nil {
			t.Error(err)
		}
	})
	if got > most {
		t.Errorf("%s: %v allocations, want %v at most", what, got, most)
	}
}

func TestAllocationsOfWriting(t *testing.T) {
	message := any(&listening{Cmd: "NODE_CLUSTER", Act: "queryServer", Port: 8000})
	plain := map[string]any{"cmd": "NODE_CLUSTER", "act": "newconn", "key": "::1:8000:4:undefined:0", "seq": 7000.0, "list": []any{1.0, "é", "€"}}
	tree, err := sc.Decode(encode(t, object("cmd", "NODE_CLUSTER", "seq", int32(7), "map", &sc.Map{})))
	if err != nil {
		t.Fatal(err)
	}
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = strings.Repeat("é", i%50+1)
	}
	var dst []byte
	appending := func(v any) func() error {
		return func() (err error) {
			dst, err = sc.AppendMarshal(dst[:0], v)
			return err
		}
	}
	allocate(t, "AppendMarshal of a struct", 0, appending(message))
	allocate(t, "AppendMarshal of a map", 0, appending(plain))
	allocate(t, "AppendMarshal of a map of strings", 0, appending(map[string]string{"a": "b", "c": "d"}))
	allocate(t, "AppendMarshal of strings", 0, appending(&texts))
	allocate(t, "AppendMarshal of a tree", 0, appending(tree))
	allocate(t, "Marshal of a struct", 1, func() error { _, err := sc.Marshal(message); return err })
	allocate(t, "Marshal of a map", 1, func() error { _, err := sc.Marshal(plain); return err })
	allocate(t, "Encode", 1, func() error { _, err := sc.Encode(tree); return err })
}

func TestAllocationsOfReading(t *testing.T) {
	const n = 1000
	const shared = n/32 + 6 // arrays of 32 values in anys, and shorter ones before those
	texts, objects, pairs := make([]string, n), make([]any, n), make([]any, n)
	for i := range n {
		texts[i] = strings.Repeat("x", i%50+40) // too long to be remembered
		objects[i] = map[string]any{"a": 1, "b": "x", "c": nil}
		pairs[i] = anys([]any{i, "x"})
	}
	message := encode(t, object("cmd", "NODE_CLUSTER", "act", "newconn", "key", "::1:8000:4:undefined:0", "seq", int32(7)))
	type newconn struct {
		Cmd string `json:"cmd"`
		Act string `json:"act"`
		Key string `json:"key"`
		Seq int    `json:"seq"`
	}
	textData, objectData, numberData := encode(t, anys(texts)), encode(t, anys(objects)), encode(t, anys(numbers()))
	pairData := encode(t, anys(pairs))
	allocate(t, "Check", 0, func() error { return sc.Check(objectData) })
	allocate(t, "Unmarshal into a struct", 1, func() error { return sc.Unmarshal(message, new(newconn)) })                                    // which is that one
	allocate(t, "Unmarshal into some fields", 1, func() error { return sc.Unmarshal(message, new(struct{ Seq int })) })                       // likewise
	allocate(t, "Unmarshal into an any", 3, func() error { return sc.Unmarshal(message, new(any)) })                                          // itself and a map, which takes two
	allocate(t, "Unmarshal into strings", n+2, func() error { return sc.Unmarshal(textData, new([]string)) })                                 // the slice, its backing, and each
	allocate(t, "Unmarshal strings into an any", 2*n+3, func() error { return sc.Unmarshal(textData, new(any)) })                             // each string in an any
	allocate(t, "Unmarshal into numbers", 2, func() error { return sc.Unmarshal(numberData, new([]float64)) })                                // the slice and its backing
	allocate(t, "Unmarshal numbers into an any", 3+shared, func() error { return sc.Unmarshal(numberData, new(any)) })                        // itself, the slice, its backing, and arrays of doubles
	allocate(t, "Decode of numbers", 2+shared, func() error { _, err := sc.Decode(numberData); return err })                                  // an Array, its elements, and the same
	allocate(t, "Unmarshal objects into an any", 2*n+3, func() error { return sc.Unmarshal(objectData, new(any)) })                           // a map takes two
	allocate(t, "Unmarshal short arrays into an any", n+3+shared, func() error { return sc.Unmarshal(pairData, new(any)) })                   // each with its header, and numbers
	allocate(t, "Unmarshal into maps", 2*n+2, func() error { return sc.Unmarshal(objectData, new([]map[string]any)) })                        // likewise
	allocate(t, "Decode of objects", 2*n+2, func() error { _, err := sc.Decode(objectData); return err })                                     // an Object and its properties
	allocate(t, "Unmarshal of a Buffer", 2, func() error { return sc.Unmarshal(encodedBuffer, new([]byte)) })                                 // the slice and its bytes
	allocate(t, "Unmarshal of a Buffer with Alias", 1, func() error { return sc.Options{Alias: true}.Unmarshal(encodedBuffer, new([]byte)) }) // the slice
}

var encodedBuffer, _ = sc.Marshal(make([]byte, 1<<16))

func anys[T any](values []T) *sc.Array {
	a := &sc.Array{}
	for _, v := range values {
		a.Elements = append(a.Elements, v)
	}
	return a
}
