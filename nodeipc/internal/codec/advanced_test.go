package codec

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// advancedValues are messages of every kind.
var advancedValues = []any{
	1.0, "text", nil, map[string]any{"cmd": "NODE_HANDLE_ACK"}, map[string]any{"cmd": "NODE_HANDLE_NACK"},
	map[string]any{"cmd": "NODE_SOCKET_GET_COUNT", "key": "k"}, map[string]any{"cmd": "NODE_CLUSTER", "ack": 1, "accepted": true, "seq": 0},
	map[string]any{"cmd": "NODE_HANDLE", "type": "net.Native", "msg": nil},
	map[string]any{"cmd": "NODE_HANDLE", "type": "net.Socket", "msg": map[string]any{"a": "é€"}, "key": "6:null:1"},
	map[string]any{"a": structuredclone.Undefined{}, "b": &structuredclone.Map{}},
	map[string]any{"cmd": "nodecluster:request", "id": 1, "body": map[string]any{"a": "é€"}},
	map[string]any{"cmd": "nodecluster:response", "id": "x", "body": structuredclone.Undefined{}, "error": nil},
	map[string]any{"cmd": "nodecluster:response", "error": &structuredclone.Error{Message: "text"}},
}

// FuzzAdvanced gives the codec bytes that anybody may have written.
func FuzzAdvanced(f *testing.F) {
	for _, stream := range advancedSeeds(f) {
		f.Add(stream)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		eachFrame(t, Advanced, stream, func(payload []byte) {
			payload, _, _ = Advanced.DetectDialect(payload)
			k, err := Advanced.Classify(payload)
			checked := structuredclone.Check(payload)
			if err == nil && k != Internal && checked != nil {
				t.Fatalf("kind %d, but %v: %q", k, checked, payload)
			}
			if err != nil && checked == nil {
				t.Fatalf("%v of %q", err, payload)
			}
			if k == Request || k == Response {
				checkExchange(t, Advanced, payload)
			}
			if e, inner, err := Advanced.Open(payload); err == nil {
				checkEnvelope(t, Advanced, e, inner, structuredclone.RawMessage(inner), canonicalClone)
			}
		})
	})
}

// canonicalClone is how this end would have written a message.
func canonicalClone(payload []byte) []byte {
	v, err := structuredclone.Decode(payload)
	if err != nil {
		return nil // a key is there twice
	}
	again, err := structuredclone.Encode(v)
	if err != nil {
		return nil // a hole where none may be, say
	}
	return again
}

func TestAdvancedKinds(t *testing.T) {
	want := []Kind{User, User, User, ACK, NACK, Socket, Internal, Handle, Handle, User, Request, Response, Response}
	for i, v := range advancedValues {
		for d := range Dialect(3) {
			frame, err := Advanced.AppendFrame([]byte("before"), d, v)
			if err != nil {
				t.Fatal(err)
			}
			payload, size, _ := Advanced.Cut(frame[len("before"):], 0)
			if size != len(frame)-len("before") || payload[1] != 13+byte(d) {
				t.Errorf("%v in dialect %d: %q", v, d, frame)
			}
			if _, heard, _ := Advanced.DetectDialect(payload); heard != d {
				t.Errorf("dialect %d was heard as %d", d, heard)
			}
			if k, err := Advanced.Classify(payload); k != want[i] || err != nil {
				t.Errorf("%v is of kind %d, %v, want %d", v, k, err, want[i])
			}
		}
	}
}

func TestAdvancedEnvelopes(t *testing.T) {
	for _, v := range advancedValues {
		for _, e := range []Envelope{{Type: "net.Native"}, {Type: "net.Socket", Key: "6:null:1"}, {Type: "dgram.Socket", DgramType: "udp4"}} {
			frame, err := Advanced.AppendSealed(nil, 2, e, v)
			if err != nil {
				t.Fatal(err)
			}
			payload, _, _ := Advanced.Cut(frame, 0)
			opened, inner, err := Advanced.Open(payload)
			alone, _ := Advanced.AppendFrame(nil, 2, v)
			if err != nil || opened != e || !bytes.Equal(inner, alone[lengthSize:]) {
				t.Errorf("%v in %+v: %+v, %q, %v", v, e, opened, inner, err)
			}
		}
	}
}

func TestAdvancedTooLong(t *testing.T) {
	if _, size, need := Advanced.Cut([]byte("\xff\xff\xff\xff"), 0); size != 0 || need != 4+0xFFFFFFFF {
		t.Errorf("size %d, need %d", size, need)
	}
}

// A template's frame is what the codec writes for the same message.
func TestTemplates(t *testing.T) {
	message := func(n uint32) any {
		return struct {
			Command string `json:"cmd"`
			Key     string `json:"key"`
			Seq     uint32 `json:"seq"`
		}{"NODE_CLUSTER", "é€:1", n}
	}
	for name, c := range map[string]Codec{"json": JSON, "advanced": Advanced} {
		template, err := c.NewTemplate(Envelope{Type: "net.Native"}, message)
		if err != nil {
			t.Fatal(err)
		}
		for d := range Dialect(3) {
			if c == JSON && d > bun {
				continue
			}
			for _, n := range []uint32{0, 1, 63, 64, 127, 8191, 8192, 1 << 20, 1<<30 - 2, 1 << 31, 1<<32 - 1} {
				got := template.Append([]byte("before"), d, n)[len("before"):]
				want, err := c.AppendSealed(nil, d, Envelope{Type: "net.Native"}, message(n))
				if err != nil {
					t.Fatal(err)
				}
				if n <= 1<<30 && !bytes.Equal(got, want) {
					t.Errorf("%s, dialect %d, %d: %q, want %q", name, d, n, got, want)
				}
				expectSame(t, c, got, want)
			}
		}
	}
}

// expectSame compares two frames by what they mean.
func expectSame(t *testing.T, c Codec, a, b []byte) {
	t.Helper()
	var values [2]string
	for i, frame := range [][]byte{a, b} {
		payload, _, _ := c.Cut(frame, 0)
		payload, _, _ = c.DetectDialect(payload)
		var text json.RawMessage
		if err := c.Decode(payload, &text, Known{}); err != nil {
			t.Fatal(err)
		}
		values[i] = string(text)
	}
	if values[0] != values[1] {
		t.Errorf("%s, want %s", values[0], values[1])
	}
}

func TestAdvancedTemplateWithoutNumber(t *testing.T) {
	for _, c := range []Codec{JSON, Advanced} {
		if _, err := c.NewTemplate(Envelope{}, func(uint32) any { return "no number" }); err == nil {
			t.Error("a template without a number was made")
		}
	}
}
