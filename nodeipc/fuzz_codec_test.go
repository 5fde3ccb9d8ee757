package nodeipc

import (
	"bytes"
	stdjson "encoding/json"
	"testing"
)

// FuzzJSONCodec gives the codec bytes that anybody may have written.
func FuzzJSONCodec(f *testing.F) {
	for _, text := range seeds(f) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for rest := text; ; {
			payload, size, need := jsonCodec{}.cut(rest, 0)
			if size == 0 {
				if need <= len(rest) {
					t.Fatalf("needs %d bytes of %d", need, len(rest))
				}
				return
			}
			rest = rest[size:]
			checkPayload(t, bytes.TrimPrefix(payload, []byte{bunMark}))
		}
	})
}

func checkPayload(t *testing.T, payload []byte) {
	if bytes.IndexByte(payload, '\n') >= 0 {
		t.Fatalf("a line feed in %q", payload)
	}
	k, err := jsonCodec{}.classify(payload)
	if err == nil && k != kindInternal && !stdjson.Valid(payload) {
		t.Fatalf("kind %d of what is no JSON: %q", k, payload)
	}
	if err != nil && stdjson.Valid(payload) {
		t.Fatalf("%v, but it is: %q", err, payload)
	}
	var value any
	decoded := jsonCodec{}.decode(payload, &value)
	if decoded != nil && stdjson.Valid(payload) && stdjson.Unmarshal(payload, &value) == nil {
		t.Fatalf("%v, but it does decode: %q", decoded, payload)
	}
	if e, inner, err := (jsonCodec{}).open(payload); err == nil {
		checkEnvelope(t, e, inner)
	}
	checkSentAgain(t, payload)
}

// checkEnvelope wraps a handle's message as it was and opens it again.
func checkEnvelope(t *testing.T, e envelope, inner []byte) {
	sealed, err := jsonCodec{}.seal(nil, e, inner)
	if err != nil {
		t.Fatal(err)
	}
	payload, _, _ := jsonCodec{}.cut(sealed, 0)
	if k, err := (jsonCodec{}).classify(payload); k != kindHandle || err != nil {
		t.Fatalf("kind %d, %v of %q", k, err, sealed)
	}
	again, innerAgain, err := jsonCodec{}.open(payload)
	if err != nil || again != e || !bytes.Equal(innerAgain, inner) {
		t.Fatalf("%+v, %q, %v after %+v, %q", again, innerAgain, err, e, inner)
	}
}

// checkSentAgain sends a message on as it came: in one line, and the same to whoever parses it.
func checkSentAgain(t *testing.T, payload []byte) {
	sent, err := jsonCodec{}.encode(nil, stdjson.RawMessage(payload))
	if !stdjson.Valid(payload) {
		if err == nil {
			t.Fatalf("%q was encoded", payload)
		}
		return
	}
	if err != nil || bytes.IndexByte(sent, '\n') >= 0 {
		t.Fatalf("%q, %v of %q", sent, err, payload)
	}
	var want, got bytes.Buffer
	if stdjson.Compact(&want, payload) != nil || stdjson.Compact(&got, sent) != nil || !bytes.Equal(want.Bytes(), got.Bytes()) {
		t.Fatalf("%q became %q", payload, sent)
	}
}
