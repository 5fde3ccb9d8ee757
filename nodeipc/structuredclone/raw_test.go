package structuredclone_test

import (
	"bytes"
	"errors"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

type envelope struct {
	Cmd     string        `json:"cmd"`
	Type    string        `json:"type"`
	Message sc.RawMessage `json:"msg"`
}

func TestRawMessagesOfSamples(t *testing.T) {
	for _, r := range records(t) {
		for _, name := range r.names() {
			want, err := sc.Decode(r.samples[name])
			if err != nil {
				t.Fatal(err)
			}
			for _, kind := range []string{"", "x", "€"} {
				sealed, err := sc.Options{Version: r.version}.Marshal(envelope{"NODE_HANDLE", kind, r.samples[name]})
				if err != nil {
					t.Errorf("%s of %s: %v", name, r.node, err)
					continue
				}
				// The envelope is what Encode makes of it as a whole.
				whole, err := sc.Options{Version: r.version}.Encode(object("cmd", "NODE_HANDLE", "type", kind, "msg", want))
				if _, differs := chosen[name]; !differs && (err != nil || !bytes.Equal(sealed, whole)) {
					t.Errorf("%s of %s: sealed\n%x, want\n%x, %v", name, r.node, sealed, whole, err)
				}
				var opened envelope
				if err := sc.Unmarshal(sealed, &opened); err != nil {
					t.Errorf("%s of %s: %v", name, r.node, err)
					continue
				}
				got, err := sc.Decode(opened.Message)
				if d := difference(got, want); err != nil || d != "" {
					t.Errorf("%s of %s: %v, %s", name, r.node, err, d)
				}
				if _, differs := chosen[name]; !differs && !bytes.Equal(opened.Message, r.samples[name]) {
					t.Errorf("%s of %s:\n%x was opened as\n%x", name, r.node, r.samples[name], opened.Message)
				}
			}
		}
	}
}

func TestRawMessageAmongReferences(t *testing.T) {
	// What is around it is referred to from within it, and it from what is around it.
	o := object("a", array("€"))
	around := object("first", o, "msg", array(o, o), "last", o)
	opened := unmarshal[struct{ First, Msg, Last sc.RawMessage }](t, rename(t, encode(t, around)))
	for raw, want := range map[string]any{string(opened.First): o, string(opened.Msg): array(o, o), string(opened.Last): o} {
		got, err := sc.Decode([]byte(raw))
		if d := difference(got, want); err != nil || d != "" {
			t.Errorf("%x: %v, %s", raw, err, d)
		}
	}
	again, err := sc.Marshal([]any{map[string]int{}, opened.Msg, opened.Msg, map[string]int{}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := sc.Decode(again)
	other := object("a", array("€"))
	if d := difference(got, array(object(), array(o, o), array(other, other), object())); err != nil || d != "" {
		t.Errorf("%v, %s", err, d)
	}
}

// Version 16 is read and never written.
func TestRawMessageOfTheNewestVersion(t *testing.T) {
	for _, o := range []any{array(int32(1)), doubled(2, array())} {
		data := encode(t, array(o))
		data[1] = 16
		raw := unmarshal[[]sc.RawMessage](t, data)[0]
		for _, message := range [][]byte{raw, encode(t, raw)} {
			got, err := sc.Decode(message)
			if d := difference(got, o); err != nil || d != "" {
				t.Errorf("%x: %v, %s", message, err, d)
			}
		}
	}
}

func TestRawMessageIsChecked(t *testing.T) {
	for _, raw := range []sc.RawMessage{{}, {0xFF, 15}, []byte("\xff\x0fo"), []byte("\xff\x0f00")} {
		var cloneError *sc.CloneError
		if _, err := sc.Marshal(raw); !errors.As(err, &cloneError) || !errors.Is(err, sc.ErrSyntax) {
			t.Errorf("%x: %v", []byte(raw), err)
		}
	}
}
