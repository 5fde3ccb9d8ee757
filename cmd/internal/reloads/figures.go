//go:build linux

package main

import (
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// figures are what came of a turn.
type figures struct {
	changes        int
	requests       int // with those that failed
	failed         [kinds]int
	last           error         // of a request that failed
	median, most   time.Duration // that a change took
	before, during time.Duration // that 99 of 100 requests took at most; 0 if there were none
}

// newFigures takes requests that began in the warm-up for none from before the changes.
func newFigures(answered []sample, failed []failure, changes []period, warmUp time.Duration) figures {
	f := figures{changes: len(changes), requests: len(answered) + len(failed)}
	for _, each := range failed {
		f.failed[each.kind]++
		f.last = each.err
	}
	if len(changes) == 0 {
		return f
	}
	f.median = time.Duration(measure.Median(changes, func(p period) float64 { return float64(p.took()) }))
	for _, p := range changes {
		f.most = max(f.most, p.took())
	}
	var before, during []time.Duration
	for _, s := range answered {
		switch {
		case s.began >= warmUp && s.ended() < changes[0].began:
			before = append(before, s.took)
		case within(s, changes):
			during = append(during, s.took)
		}
	}
	f.before, f.during = p99(before), p99(during)
	return f
}

// within reports whether a part of a request was in one of the changes, which are in order.
func within(s sample, changes []period) bool {
	i, _ := slices.BinarySearchFunc(changes, s.began, func(p period, t time.Duration) int { return int(p.ended - t) })
	return i < len(changes) && changes[i].began <= s.ended()
}

func p99(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// failures is how many requests failed.
func (f figures) failures() (n int) {
	for _, of := range f.failed {
		n += of
	}
	return n
}
