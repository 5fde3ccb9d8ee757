package rawjson

import (
	"bytes"
	"encoding/json"
	"testing"
)

// The members and elements of a text are those that encoding/json finds, and what is no JSON does no harm.
func FuzzParts(f *testing.F) {
	for _, seed := range []string{
		`{"source":"_sio_adapter","uid":"00","nsp":"/","type":3,"data":{"packet":{"type":2,"data":["a",1]},"opts":{"rooms":[],"except":["b"]}}}`,
		` { "a" : [ 1 , -2.5e+7, true ,null, "x\"]}" ] ,"\u0061":{} , "a b":[[],{"c":[[]]}]} `,
		`[]`, `{}`, `"a"`, `7`, ``, `{`, `{"a"`, `{"a":`, `["\`, `]`, `{"a":1]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		members, elements := map[string]json.RawMessage{}, []json.RawMessage{}
		for m := range Members(text) {
			if !bytes.Equal(text[m.Begin:m.Begin+len(m.Value)], m.Value) {
				t.Errorf("%q has %q at %d", text, m.Value, m.Begin)
			}
			members[Text(m.Key)] = bytes.TrimSpace(m.Value)
		}
		for element := range Elements(text) {
			elements = append(elements, bytes.TrimSpace(element))
		}
		Depth(text)
		if !json.Valid(text) {
			return
		}
		var wantMembers map[string]json.RawMessage
		if json.Unmarshal(text, &wantMembers) == nil {
			compare(t, text, members, wantMembers)
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
