//go:build linux

package main

import (
	"slices"
	"time"
)

// binWidth is how much time a point of the plot stands for.
const binWidth = 50 * time.Millisecond

// timeline is how long requests took around a change, whose beginning all times are relative to.
type timeline struct {
	took     time.Duration // the change
	bins     []bin
	failures []sample
}

// bin is the requests that began in a part of the time, of which there is one at least.
type bin struct{ at, median, longest time.Duration }

// around is what a timeline shows of the time before and after the change.
const around = settle

func newTimeline(answered []sample, failed []failure, change period) *timeline {
	t := &timeline{took: change.took()}
	shown := func(s sample) bool { return s.began >= change.began-around && s.began < change.ended+around }
	first := change.began - around
	binned := make([][]time.Duration, (t.took+2*around)/binWidth+1)
	for _, s := range answered {
		if shown(s) {
			i := (s.began - first) / binWidth
			binned[i] = append(binned[i], s.took)
		}
	}
	for i, took := range binned {
		if len(took) > 0 {
			slices.Sort(took)
			at := time.Duration(i)*binWidth + binWidth/2 - around
			t.bins = append(t.bins, bin{at, took[len(took)/2], took[len(took)-1]})
		}
	}
	for _, f := range failed {
		if shown(f.sample) {
			t.failures = append(t.failures, sample{f.began - change.began, f.took})
		}
	}
	return t
}
