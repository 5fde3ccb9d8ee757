//go:build unix

package routes_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nodecluster/nodecluster/cluster"
	"github.com/nodecluster/nodecluster/cluster/pool/routes"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// ioMessages are those of a program that does as it should.
var ioMessages = []string{
	`{"type":"axm:monitor","data":{"Heap":{"value":1.5,"unit":"MiB","type":"v8","historic":true}}}`,
	`{"type":"axm:action","data":{"action_name":"greet","action_type":"custom","arity":2}}`,
	`{"type":"axm:reply","data":{"at":1,"action_name":"greet","return":{"a":1}}}`,
}

var ioFields = [][]string{
	{`"type":"axm:monitor"`, `"data":{"Heap":{"value":1.5,"unit":"MiB","type":"v8","historic":true}}`, `"Heap":{"value":1.5,"unit":"MiB","type":"v8","historic":true}`, `"value":1.5`, `"unit":"MiB"`, `"type":"v8"`},
	{`"type":"axm:action"`, `"data":{"action_name":"greet","action_type":"custom","arity":2}`, `"action_name":"greet"`, `"action_type":"custom"`, `"arity":2`},
	{`"type":"axm:reply"`, `"data":{"at":1,"action_name":"greet","return":{"a":1}}`, `"at":1`, `"action_name":"greet"`, `"return":{"a":1}`},
}

// expectBounded fails if more is kept than may be, or what JSON has nothing for.
func expectBounded(t *testing.T, route *routes.PM2IO, w *cluster.Worker) {
	t.Helper()
	metrics, actions := route.Metrics(w), route.Actions(w)
	if len(metrics) > 128 || len(actions) > 128 {
		t.Errorf("%d metrics and %d actions are kept", len(metrics), len(actions))
	}
	for _, m := range metrics {
		text, _ := m.Value.(string)
		if m.Name == "" || max(len(m.Name), len(text)*2, len(m.Unit)*2, len(m.Type)*2) > 128 {
			t.Errorf("the metric %+v is kept", m)
		}
	}
	if _, err := json.Marshal([]any{metrics, actions}); err != nil {
		t.Error(err)
	}
}

// A worker that sends whatever in each field leaves nothing but what is bounded, in either serialization.
func TestPM2IOHostileFields(t *testing.T) {
	for i, sent := range ioMessages {
		for _, field := range ioFields[i] {
			name, _, _ := strings.Cut(field, `":`)
			if !strings.Contains(sent, field) {
				t.Fatalf("there is no %s in %s", field, sent)
			}
			for _, odd := range oddities {
				changed := strings.Replace(sent, field, name+`":`+odd, 1)
				clone, err := structuredclone.Marshal(json.RawMessage(changed))
				if err != nil {
					t.Fatal(err)
				}
				w, route := &cluster.Worker{}, routes.NewPM2IO()
				route.Told(w, false, changed)
				route.Told(w, true, string(clone))
				expectBounded(t, route, w)
			}
		}
	}
}

// Of too many metrics and actions, and of messages that are too long, nothing is kept that has no room.
func TestPM2IOBound(t *testing.T) {
	w, route := &cluster.Worker{}, routes.NewPM2IO()
	var metrics []string
	for i := range 500 {
		route.Told(w, false, fmt.Sprintf(`{"type":"axm:action","data":{"action_name":"a%d"}}`, i))
		metrics = append(metrics, fmt.Sprintf(`"m%03d":{"value":%d}`, i, i))
	}
	route.Told(w, false, `{"type":"axm:monitor","data":{`+strings.Join(metrics, ",")+`}}`)
	expectBounded(t, route, w)
	if len(route.Metrics(w)) != 128 || len(route.Actions(w)) != 128 {
		t.Errorf("%d metrics and %d actions", len(route.Metrics(w)), len(route.Actions(w)))
	}
	long := `{"type":"axm:monitor","data":{"x":{"value":1,"unit":"` + strings.Repeat("u", 70_000) + `"}}}`
	if route.Told(w, false, long); len(route.Metrics(w)) != 128 {
		t.Error("a message of 70,000 bytes was read")
	}
	route.Told(w, false, ioMessages[0])
	if got := route.Metrics(w); len(got) != 1 || got[0] != (routes.PM2Metric{Name: "Heap", Value: 1.5, Unit: "MiB", Type: "v8"}) {
		t.Errorf("the metrics are %v", got)
	}
}

// Whatever a worker sends, what is kept is bounded.
func FuzzPM2IO(f *testing.F) {
	for i, sent := range ioMessages {
		f.Add([]byte(sent), false)
		clone, err := structuredclone.Marshal(json.RawMessage(sent))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(clone, true)
		for j, field := range ioFields[i] {
			name, _, _ := strings.Cut(field, `":`)
			f.Add([]byte(strings.Replace(sent, field, name+`":`+oddities[j], 1)), false)
		}
	}
	f.Fuzz(func(t *testing.T, sent []byte, isClone bool) {
		w, route := &cluster.Worker{}, routes.NewPM2IO()
		route.Told(w, isClone, string(sent), string(sent))
		expectBounded(t, route, w)
	})
}
