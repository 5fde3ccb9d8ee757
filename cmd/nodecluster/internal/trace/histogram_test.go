package trace

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestQuantiles are right to 1/32, and never beyond what there was.
func TestQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var h histogram
		var all []time.Duration
		for range 1 + random.IntN(500) {
			d := time.Duration(random.Uint64() >> (2 + random.IntN(61)))
			all = append(all, d)
			h.add(d)
		}
		slices.Sort(all)
		for _, q := range []float64{0, 0.5, 0.9, 0.99, 1} {
			want := all[int(q*float64(len(all)-1))]
			if got := h.quantile(q); got < want || got > want+want/32 || got > h.max {
				t.Fatalf("quantile %v of %d is %d, want %d", q, len(all), got, want)
			}
		}
		if h.max != all[len(all)-1] {
			t.Fatalf("the longest is %d, want %d", h.max, all[len(all)-1])
		}
	}
	if h := (histogram{}); h.quantile(0.5) != 0 {
		t.Error("the median of nothing is not 0")
	}
}
