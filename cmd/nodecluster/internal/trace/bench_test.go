package trace

import (
	"io"
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
	"github.com/nodecluster/nodecluster/nodeipc/structuredclone"
)

// BenchmarkMessage is what a message costs the program that is traced, beside its way through the relay.
func BenchmarkMessage(b *testing.B) {
	text := `{"text":"hello","n":1,"list":[1,2,3],"nested":{"key":"value","flag":true}}`
	var value any = map[string]any{"text": "hello", "n": 1, "list": []any{1, 2, 3}, "nested": map[string]any{"key": "value", "flag": true}}
	clone, err := structuredclone.Marshal(value)
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]format{"text": textFormat{}, "colour": textFormat{color: true}, "json": jsonFormat{}} {
		for s, payload := range map[nodeipc.Serialization][]byte{nodeipc.JSON: []byte(text), nodeipc.Advanced: clone} {
			b.Run(name+" of "+string(s), func(b *testing.B) {
				l := newLog(io.Discard, f)
				defer l.close()
				c := &channel{log: l, summary: newSummary(), report: report{PID: 1234, Serialization: s}, begun: make(chan struct{})}
				c.begin()
				b.ReportAllocs()
				for b.Loop() {
					c.HandleFrame(&relay.Frame{Time: time.Now(), Kind: relay.User, Payload: payload, Size: len(payload) + 1})
				}
			})
		}
	}
}
