//go:build linux

package main

import (
	"math"
	"strconv"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/plot"
)

const (
	medianColour  = "#1f77b4"
	longestColour = "#ff7f0e"
	failedColour  = "#d62728"
)

// drawTimelines draws how long requests took around one change of each contender. The axis of latencies is the same for all.
func drawTimelines(results []*result) []byte {
	p := plot.Plot{Legend: []plot.Entry{
		{Colour: medianColour, Title: "median of 50 ms"}, {Colour: longestColour, Title: "longest of 50 ms"},
		{Colour: failedColour, Title: "failed"}, {Colour: "#dddddd", Title: "the change"},
	}}
	y := latencyAxis(results)
	for _, r := range results {
		if r.timeline != nil {
			p.Panels = append(p.Panels, r.timeline.panel("ms, "+r.title, y))
		}
	}
	return p.SVG()
}

// latencyAxis is logarithmic, from 0.1 ms on.
func latencyAxis(results []*result) plot.Axis {
	longest := time.Millisecond
	for _, r := range results {
		if r.timeline != nil {
			longest = max(longest, r.timeline.longest())
		}
	}
	y := plot.Axis{From: -1, To: math.Ceil(logOf(longest))}
	for power := y.From; power <= y.To; power++ {
		y.Ticks = append(y.Ticks, plot.Tick{At: power, Text: strconv.FormatFloat(math.Pow(10, power), 'g', 6, 64)})
	}
	return y
}

// longest is how long a request took at most, answered or not.
func (t *timeline) longest() (d time.Duration) {
	for _, b := range t.bins {
		d = max(d, b.longest)
	}
	for _, f := range t.failures {
		d = max(d, f.took)
	}
	return d
}

// logOf is where on that axis a time is.
func logOf(d time.Duration) float64 { return math.Log10(max(0.1, d.Seconds()*1000)) }

func (t *timeline) panel(title string, y plot.Axis) plot.Panel {
	x := plot.FromZero((t.took + around).Seconds())
	x.From = -around.Seconds()
	median, longest := plot.Series{Colour: medianColour}, plot.Series{Colour: longestColour}
	for _, b := range t.bins {
		median.Points = append(median.Points, plot.Point{X: b.at.Seconds(), Y: logOf(b.median)})
		longest.Points = append(longest.Points, plot.Point{X: b.at.Seconds(), Y: logOf(b.longest)})
	}
	failed := plot.Series{Colour: failedColour}
	for _, f := range t.failures {
		failed.Points = append(failed.Points, plot.Point{X: f.began.Seconds(), Y: logOf(f.took)})
	}
	return plot.Panel{
		Title: title, Below: "seconds from the beginning of the change", X: x, Y: y,
		Bands: []plot.Band{{To: t.took.Seconds()}}, Lines: []plot.Series{longest, median}, Dots: []plot.Series{failed},
	}
}
