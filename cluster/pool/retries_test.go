package pool

import (
	"testing"
	"time"
)

// What fails is tried again later and later, up to a limit, and at once after a success.
func TestRetries(t *testing.T) {
	var r retries
	now := time.Now()
	for row := range 2 {
		for i, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
			if !r.isDue(now) {
				t.Errorf("row %d: try %d is not due", row, i)
			}
			if isFirst := r.fail(now); isFirst != (i == 0) {
				t.Errorf("row %d: failure %d is the first: %v", row, i, isFirst)
			}
			now = now.Add(pause*time.Second - 1)
			if r.isDue(now) {
				t.Errorf("row %d: after failure %d it is tried again before %v", row, i, pause*time.Second)
			}
			now = now.Add(1)
		}
		r.succeed()
	}
}
