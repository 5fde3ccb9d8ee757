package nodeipc

import (
	"testing"
	"time"
)

// traffic is what reads bring without delays, and with them.
type traffic struct{ plain, delayed arriving }

// arriving is how many messages a read brings, and how long they took to come.
type arriving struct {
	messages int
	took     time.Duration
}

// share has so many messages come, and returns what part of them came after delays.
func (t traffic) share(g *batching, clock *time.Time, messages int) float64 {
	delayed := 0
	for n := 0; n < messages; {
		a := t.plain
		if g.delays() {
			a = t.delayed
			delayed += a.messages
		}
		*clock = clock.Add(a.took)
		g.count(a.messages, func() time.Time { return *clock })
		n += a.messages
	}
	return float64(delayed) / float64(messages)
}

var (
	manyInFlight = traffic{arriving{3, 15 * time.Microsecond}, arriving{20, 100 * time.Microsecond}}
	fewInFlight  = traffic{arriving{2, 14 * time.Microsecond}, arriving{16, 180 * time.Microsecond}}
)

func TestReadBatching(t *testing.T) {
	for name, c := range map[string]struct {
		traffic
		least, most float64
	}{
		"as fast with delays":              {manyInFlight, 0.95, 1},
		"somewhat slower with delays":      {traffic{manyInFlight.plain, arriving{20, 115 * time.Microsecond}}, 0.95, 1},
		"much slower with delays":          {fewInFlight, 0.0001, 0.005},
		"few come in a delay":              {traffic{arriving{2, 14 * time.Microsecond}, arriving{4, 28 * time.Microsecond}}, 0.0001, 0.005},
		"one by one":                       {traffic{arriving{1, 10 * time.Microsecond}, arriving{1, 110 * time.Microsecond}}, 0, 0},
		"many at once, and that not often": {traffic{arriving{10, time.Millisecond}, arriving{10, time.Millisecond}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			clock := time.Unix(0, 0)
			if share := c.share(&batching{}, &clock, 1_000_000); share < c.least || share > c.most {
				t.Errorf("%v of the messages came after delays, want %v to %v", share, c.least, c.most)
			}
		})
	}
}

// What was found out holds for a while, and not for ever.
func TestReadBatchingFollowsTheTraffic(t *testing.T) {
	var g batching
	clock := time.Unix(0, 0)
	fewInFlight.share(&g, &clock, 100_000)
	if share := manyInFlight.share(&g, &clock, 1_000_000); share < 0.5 {
		t.Errorf("after few in flight %v of many came after delays", share)
	}
	if share := fewInFlight.share(&g, &clock, 1_000_000); share > 0.1 {
		t.Errorf("after many in flight %v of few came after delays", share)
	}
}

// Delays end soon after the last of many messages.
func TestReadBatchingEndsWithTheBursts(t *testing.T) {
	var g batching
	clock := time.Unix(0, 0)
	manyInFlight.share(&g, &clock, 10_000)
	single := arriving{1, time.Second}
	if share := (traffic{single, single}).share(&g, &clock, burstReads); share != 1 || g.delays() {
		t.Errorf("after %d reads of one message, of which %v came after delays, there are delays: %v", burstReads, share, g.phase != batchOff)
	}
}

// What else wakes the loop has no delay before it.
func TestADelayFollowsARead(t *testing.T) {
	var g batching
	clock := time.Unix(0, 0)
	manyInFlight.share(&g, &clock, 10_000)
	if !g.delays() || g.delays() {
		t.Error("after a read there is not one delay")
	}
}
