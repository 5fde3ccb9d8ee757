//go:build unix

package relay_test

import (
	"testing"
	"time"

	"github.com/nodecluster/nodecluster/nodeipc"
	"github.com/nodecluster/nodecluster/nodeipc/relay"
)

// TestAnswersAreTimed: each from the handle that it is about, in their order, in either direction.
func TestAnswersAreTimed(t *testing.T) {
	inEach(t, func(t *testing.T, s nodeipc.Serialization, frame func(string) string) {
		var w witness
		parent, child, r := between(t, relay.Options{Serialization: s, Observer: &w})
		exchange := func(from, to *side, message string) {
			from.write(frame(message))
			to.expect(frame(message))
		}
		exchange(parent, child, handle)
		exchange(parent, child, handle)
		exchange(child, parent, handle)
		exchange(child, parent, ack)
		exchange(child, parent, nack)
		exchange(parent, child, ack)
		exchange(parent, child, ack) // for nothing
		parent.conn.Close()
		await(t, r)
		f := w.frames
		want := []time.Duration{
			3: f[3].Time.Sub(f[0].Time), 4: f[4].Time.Sub(f[1].Time), 5: f[5].Time.Sub(f[2].Time), 6: 0,
		}
		for i := range f {
			if f[i].Latency != want[i] || i >= 3 && i < 6 && f[i].Latency <= 0 {
				t.Errorf("the latency of frame %d (%s) is %v, want %v", i, f[i].Kind, f[i].Latency, want[i])
			}
		}
	})
}
