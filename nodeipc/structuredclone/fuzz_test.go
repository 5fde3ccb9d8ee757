package structuredclone_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	sc "github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

func FuzzDecode(f *testing.F) {
	for _, r := range records(f) {
		for _, name := range r.names() {
			f.Add(r.samples[name])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		everyWay(data)
		v, err := sc.Decode(data)
		if err != nil {
			if !errors.Is(err, sc.ErrSyntax) {
				t.Fatalf("the error is none of syntax: %v", err)
			}
			return
		}
		again, err := sc.Encode(v)
		if err != nil {
			t.Fatalf("what was decoded is not encoded: %v", err)
		}
		decoded, err := sc.Decode(again)
		if err != nil {
			t.Fatalf("what was encoded is not decoded: %v\n%x", err, again)
		}
		if d := difference(v, decoded); d != "" {
			t.Fatalf("it came back as another: %s", d)
		}
		if stable, err := sc.Encode(decoded); err != nil || !bytes.Equal(stable, again) {
			t.Fatalf("encoded again it is\n%x, and was\n%x, %v", stable, again, err)
		}
		throughGo(t, data)
	})
}

// throughGo goes by way of the plain form. It may be refused: there a chain of references is a nested value.
func throughGo(t *testing.T, data []byte) {
	var plain any
	if err := sc.Unmarshal(data, &plain); err != nil {
		return
	}
	message, err := sc.Marshal(plain)
	if err != nil {
		return
	}
	var again any
	if err := sc.Unmarshal(message, &again); err != nil {
		t.Fatalf("what was marshalled is not unmarshalled: %v\n%x", err, message)
	}
	if stable, err := sc.Marshal(again); err != nil || !bytes.Equal(stable, message) {
		t.Fatalf("marshalled again it is\n%x, and was\n%x, %v", stable, message, err)
	}
}

func FuzzMarshal(f *testing.F) {
	f.Add("", 0.0, int64(0), []byte(nil), `null`)
	f.Add("a\xe9\u20ac\xed\xa0\x80", -0.5, int64(-1)<<62, []byte{0, 255}, `{"a": [1, "\ud800\udc00", {"a": true}], "1": 1e9}`)
	f.Add("\xff\xed\xa0", 1e300, int64(1), []byte{1}, `[[], {}, "\\\"\/\b\f\n\r\t\u0000", -1.5e-7, {"": {"": ""}}]`)
	f.Fuzz(func(t *testing.T, s string, number float64, n int64, b []byte, text string) {
		type message struct {
			S    string         `json:"s"`
			F    float64        `json:"f,omitempty"`
			N    int64          `json:"n,string"`
			B    []byte         `json:"b"`
			M    map[string]any `json:"m"`
			JSON json.RawMessage
		}
		sent := message{s, number, n, b, map[string]any{s: number, "list": []any{s, b}}, nil}
		if json.Valid([]byte(text)) {
			sent.JSON = json.RawMessage(text)
		}
		data, err := sc.Marshal(sent)
		if err != nil {
			t.Fatal(err)
		}
		var got message
		if err := sc.Unmarshal(data, &got); err != nil {
			t.Fatalf("%v\n%x", err, data)
		}
		if got.N != n || !sameDouble(got.F+0, number+0) || !bytes.Equal(got.B, b) || len(got.M) != len(sent.M) {
			t.Fatalf("sent %+v, got %+v", sent, got)
		}
		// Once what is no UTF-8 was replaced, nothing changes any more.
		again, err := sc.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var same message
		if err := sc.Unmarshal(again, &same); err != nil || same.S != got.S {
			t.Fatalf("%q became %q, %v", got.S, same.S, err)
		}
		if sent.JSON != nil {
			sameJSON(t, sent.JSON, got.JSON)
		}
	})
}

// sameJSON looks at what encoding/json makes of both; numbers beyond its range it refuses.
func sameJSON(t *testing.T, sent, got json.RawMessage) {
	var a, b any
	if json.Unmarshal(sent, &a) != nil {
		return
	}
	if err := json.Unmarshal(got, &b); err != nil {
		t.Fatalf("%s came back as %s: %v", sent, got, err)
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if !bytes.Equal(bytes.ReplaceAll(x, []byte("-0"), []byte("0")), bytes.ReplaceAll(y, []byte("-0"), []byte("0"))) {
		t.Fatalf("%s came back as %s", x, y)
	}
}
