package trace

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/nodecluster/nodecluster/cmd/nodecluster/internal/utilinspect"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
)

// FuzzInspect shows anything on one line of bounded length that leaves a terminal alone, and as JSON that is right.
func FuzzInspect(f *testing.F) {
	f.Add([]byte(`{"a":["\u001b",1e999]}`), false)
	f.Add([]byte("\xff\x0fo\"\x01a\"\x01\x1b{\x01"), true)
	f.Fuzz(func(t *testing.T, payload []byte, advanced bool) {
		frame := &relay.Frame{Kind: relay.User, Payload: payload}
		line := inspect(frame, advanced)
		if len(line) > utilinspect.MaxLength+len("…") || strings.ContainsFunc(line, unicode.IsControl) {
			t.Fatalf("it is shown as %q", line)
		}
		if advanced || json.Valid(payload) {
			m := &message{Frame: frame, fields: fieldsOf(frame, advanced)}
			c := &channel{}
			if advanced {
				c.report.Serialization = "advanced"
			}
			if line := append([]byte{'{'}, jsonFormat{}.message(c, m)[1:]...); !json.Valid(line) {
				t.Fatalf("the line is %q", line)
			}
		}
	})
}
