package supervise

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/control"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// shown gives a message's content as one gets it who follows messages.
func shown(t *testing.T, payload []byte) (content map[string]any) {
	t.Helper()
	about := map[string]any{}
	addContent(about, payload)
	text, err := json.Marshal(control.Event{Name: "message", Attributes: about})
	if err != nil {
		t.Fatalf("%q is no JSON: %v", payload, err)
	}
	var event control.Event
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatalf("%q is not read: %v", payload, err)
	}
	kind, _ := event.Attributes["type"].(string)
	if kind == "" || len(kind) > maxShownType {
		t.Errorf("%q has the type %q", payload, kind)
	}
	_, hasData := event.Attributes["data"]
	_, hasRaw := event.Attributes["raw"]
	if hasData && hasRaw || hasRaw && kind != processMessage || len(event.Attributes) > 2 {
		t.Errorf("%q has %v", payload, event.Attributes)
	}
	return event.Attributes
}

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestContentOfMessages(t *testing.T) {
	for payload, want := range map[string]string{
		`{"type":"a","data":{"b":[1]}}`:             `{"data":{"b":[1]},"type":"a"}`,
		`{"type":"a","data":"false"}`:               `{"data":"false","type":"a"}`,
		`{"type":"a","data":[]}`:                    `{"data":[],"type":"a"}`,
		`{"type":"a","type":"b","data":1}`:          `{"data":1,"type":"b"}`,
		`{"type":"a","data":0}`:                     `{"raw":{"data":0,"type":"a"},"type":"process:msg"}`,
		`{"type":"a","data":-0.0e9}`:                `{"raw":{"data":-0,"type":"a"},"type":"process:msg"}`,
		`{"type":"a","data":1e400}`:                 `{"type":"process:msg"}`,
		`{"type":"a","data":null}`:                  `{"raw":{"data":null,"type":"a"},"type":"process:msg"}`,
		`{"type":"a","data":""}`:                    `{"raw":{"data":"","type":"a"},"type":"process:msg"}`,
		`{"TYPE":"a","data":1}`:                     `{"raw":{"TYPE":"a","data":1},"type":"process:msg"}`,
		`{"type":["a"],"data":1}`:                   `{"raw":{"data":1,"type":["a"]},"type":"process:msg"}`,
		`{"type":7,"data":1}`:                       `{"raw":{"data":1,"type":7},"type":"process:msg"}`,
		`"ready"`:                                   `{"raw":"ready","type":"process:msg"}`,
		`null`:                                      `{"raw":null,"type":"process:msg"}`,
		nested(20_000):                              `{"type":"process:msg"}`,
		`{"type":"a","data":` + nested(9_999) + `}`: `{"type":"process:msg"}`,
		`{"type":`:                                  `{"type":"process:msg"}`,
		``:                                          `{"type":"process:msg"}`,
	} {
		if got, _ := json.Marshal(shown(t, []byte(payload))); string(got) != want {
			t.Errorf("%.100s is %.200s, want %s", payload, got, want)
		}
	}
}

// What JSON has nothing for is left out, and nothing else.
func TestContentOfClones(t *testing.T) {
	object := func(properties ...structuredclone.Property) any {
		return &structuredclone.Object{Properties: properties}
	}
	for _, c := range []struct {
		message any
		want    string
	}{
		{object(structuredclone.Property{Key: "type", Value: "a"}, structuredclone.Property{Key: "data", Value: []any{1, nil}}), `{"data":[1,null],"type":"a"}`},
		{object(structuredclone.Property{Key: "type", Value: "a"}, structuredclone.Property{Key: "data", Value: structuredclone.Undefined{}}), `{"raw":{"type":"a"},"type":"process:msg"}`},
		{object(structuredclone.Property{Key: "type", Value: "a"}, structuredclone.Property{Key: "data", Value: &structuredclone.Map{}}), `{"type":"process:msg"}`},
		{object(structuredclone.Property{Key: "type", Value: "a"}, structuredclone.Property{Key: "data", Value: 1}, structuredclone.Property{Key: "other", Value: &structuredclone.Map{}}), `{"data":1,"type":"a"}`},
		{"ready", `{"raw":"ready","type":"process:msg"}`},
		{&structuredclone.Set{}, `{"type":"process:msg"}`},
	} {
		payload, err := structuredclone.Encode(c.message)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(shown(t, payload)); string(got) != c.want {
			t.Errorf("%+v is %s, want %s", c.message, got, c.want)
		}
	}
}

func FuzzContentOfMessages(f *testing.F) {
	for _, seed := range []string{
		`{"type":"process:msg","data":{"a":1}}`, `{"type":"","data":0}`, `"ready"`, ` {"data":-0,"type":"x"} `, nested(100),
		"\xff\x0fo\"\x04type\"\x01a\"\x04dataI\x02{\x02", "\xff\x0f\"\x05ready", "\xff\x0f_",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) { shown(t, payload) })
}
