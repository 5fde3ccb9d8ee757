package codec

import (
	"bytes"
	stdjson "encoding/json"
	"testing"
)

// FuzzJSON gives the codec bytes that anybody may have written.
func FuzzJSON(f *testing.F) {
	for _, stream := range jsonSeeds(f) {
		f.Add(stream)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		eachFrame(t, JSON, stream, func(payload []byte) {
			if bytes.IndexByte(payload, '\n') >= 0 {
				t.Fatalf("a line feed in %q", payload)
			}
			payload, _, plain := JSON.DetectDialect(payload)
			if plain {
				checkPlain(t, payload)
			}
			checkJSON(t, payload)
		})
	})
}

// eachFrame cuts a stream into frames.
func eachFrame(t *testing.T, c Codec, stream []byte, check func(payload []byte)) {
	for {
		payload, size, need := c.Cut(stream, 0)
		if size == 0 {
			if need <= len(stream) {
				t.Fatalf("needs %d bytes of %d", need, len(stream))
			}
			return
		}
		stream = stream[size:]
		check(payload)
	}
}

// checkPlain compares what is known of a plain string with what is found by looking.
func checkPlain(t *testing.T, payload []byte) {
	if k, err := JSON.Classify(payload); k != User || err != nil {
		t.Fatalf("kind %d, %v of the plain string %q", k, err, payload)
	}
	var want, text string
	var value any
	if err := stdjson.Unmarshal(payload, &want); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{&text, &value} {
		if err := JSON.Decode(payload, v, Known{Plain: true}); err != nil {
			t.Fatal(err)
		}
	}
	if text != want || value != want {
		t.Fatalf("%q and %q, want %q", text, value, want)
	}
}

func checkJSON(t *testing.T, payload []byte) {
	valid := stdjson.Valid(payload)
	k, err := JSON.Classify(payload)
	if err == nil && k != Internal && k != Nothing && !valid {
		t.Fatalf("kind %d of what is no JSON: %q", k, payload)
	}
	if err != nil && valid {
		t.Fatalf("%v, but it is: %q", err, payload)
	}
	var value any
	decoded := JSON.Decode(payload, &value, Known{Kept: true})
	if decoded != nil && valid && stdjson.Unmarshal(payload, &value) == nil {
		t.Fatalf("%v, but it does decode: %q", decoded, payload)
	}
	if e, inner, err := JSON.Open(payload); err == nil {
		checkEnvelope(t, JSON, e, inner, stdjson.RawMessage(inner), canonicalJSON)
	}
	if k == Request || k == Response {
		checkExchange(t, JSON, payload)
		checkMembers(t, payload)
	}
	checkSentAgain(t, payload, valid)
}

// checkExchange has the parts of a request or a response be payloads.
func checkExchange(t *testing.T, c Codec, payload []byte) {
	x, ok := c.OpenExchange(payload)
	if !ok {
		return
	}
	for _, part := range [][]byte{x.ID, x.Body, x.Error} {
		if part == nil {
			continue
		}
		if _, err := c.Classify(part); err != nil {
			t.Fatalf("%v of the part %q of %q", err, part, payload)
		}
		if _, err := c.AppendFrame(nil, 0, struct{ Part any }{c.Raw(part)}); err != nil {
			t.Fatalf("%v when the part %q is sent", err, part)
		}
	}
}

// checkMembers compares the parts with what encoding/json finds, which also knows keys that are written in another way.
func checkMembers(t *testing.T, payload []byte) {
	x, ok := JSON.OpenExchange(payload)
	var members map[string]stdjson.RawMessage
	if err := stdjson.Unmarshal(payload, &members); err != nil {
		t.Fatal(err)
	}
	if bytes.IndexByte(payload, '\\') >= 0 {
		return
	}
	if _, want := members["id"]; ok != want || !bytes.Equal(x.ID, members["id"]) {
		t.Fatalf("id %q, %v, want %q, %v of %q", x.ID, ok, members["id"], want, payload)
	}
	if body, ok := members["body"]; ok && !bytes.Equal(x.Body, body) || !ok && string(x.Body) != "null" {
		t.Fatalf("body %q, want %q of %q", x.Body, body, payload)
	}
	if reason := members["error"]; string(reason) != "null" && !bytes.Equal(x.Error, reason) {
		t.Fatalf("error %q, want %q of %q", x.Error, reason, payload)
	}
}

// checkEnvelope wraps a handle's message as it was and opens it again.
func checkEnvelope(t *testing.T, c Codec, e Envelope, inner []byte, message any, canonical func([]byte) []byte) {
	if _, err := c.Classify(inner); err != nil {
		return // what is in the envelope has not been looked at
	}
	frame, err := c.AppendSealed(nil, 0, e, message)
	if err != nil {
		t.Fatal(err)
	}
	payload, _, _ := c.Cut(frame, 0)
	if k, err := c.Classify(payload); k != Handle || err != nil {
		t.Fatalf("kind %d, %v of %q", k, err, frame)
	}
	again, innerAgain, err := c.Open(payload)
	if err != nil || again != e || !bytes.Equal(canonical(innerAgain), canonical(inner)) {
		t.Fatalf("%+v, %q, %v after %+v, %q", again, innerAgain, err, e, inner)
	}
}

// canonicalJSON is what two texts that say the same have in common.
func canonicalJSON(payload []byte) []byte {
	var b bytes.Buffer
	stdjson.Compact(&b, payload)
	return b.Bytes()
}

// checkSentAgain sends a message on as it came: in one line, and the same when it is parsed.
func checkSentAgain(t *testing.T, payload []byte, valid bool) {
	sent, err := JSON.AppendFrame(nil, 0, stdjson.RawMessage(payload))
	if !valid {
		if err == nil {
			t.Fatalf("%q was encoded", payload)
		}
		return
	}
	if err != nil || bytes.IndexByte(sent, '\n') != len(sent)-1 {
		t.Fatalf("%q, %v of %q", sent, err, payload)
	}
	var want, got bytes.Buffer
	if stdjson.Compact(&want, payload) != nil || stdjson.Compact(&got, sent) != nil || !bytes.Equal(want.Bytes(), got.Bytes()) {
		t.Fatalf("%q became %q", payload, sent)
	}
}
