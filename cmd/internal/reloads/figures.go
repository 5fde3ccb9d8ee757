//go:build linux

package main

import (
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// figures are what came of a turn.
type figures struct {
	reloads        int
	requests       int // with those that failed
	failed         [kinds]int
	last           error         // of a request that failed
	median, most   time.Duration // that a reload took
	before, during time.Duration // that 99 of 100 requests took at most; 0 if there were none
}

// newFigures takes requests that began in the warm-up for none from before the reloads.
func newFigures(answered []sample, failed []failure, reloads []period, warmUp time.Duration) figures {
	f := figures{reloads: len(reloads), requests: len(answered) + len(failed)}
	for _, each := range failed {
		f.failed[each.kind]++
		f.last = each.err
	}
	if len(reloads) == 0 {
		return f
	}
	f.median = time.Duration(measure.Median(reloads, func(p period) float64 { return float64(p.took()) }))
	for _, p := range reloads {
		f.most = max(f.most, p.took())
	}
	var before, during []time.Duration
	for _, s := range answered {
		switch {
		case s.began >= warmUp && s.ended() < reloads[0].began:
			before = append(before, s.took)
		case within(s, reloads):
			during = append(during, s.took)
		}
	}
	f.before, f.during = p99(before), p99(during)
	return f
}

// within reports whether a part of a request was in one of the reloads, which are in order.
func within(s sample, reloads []period) bool {
	i, _ := slices.BinarySearchFunc(reloads, s.began, func(p period, t time.Duration) int { return int(p.ended - t) })
	return i < len(reloads) && reloads[i].began <= s.ended()
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
