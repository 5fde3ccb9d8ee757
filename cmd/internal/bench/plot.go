//go:build linux

package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"slices"
)

//go:embed testdata/plot.svg
var plotSVG string

var plotTemplate = template.Must(template.New("plot.svg").Parse(plotSVG))

// The measures of the plot, in its own units.
const (
	panelWidth, panelHeight = 360.0, 260.0
	panelLeft, panelTop     = 70.0, 50.0
	panelGap                = 90.0
	legendWidth             = 220.0
)

// colours tell contenders apart, in the order of contenders.
var colours = []string{"#404040", "#9a9a9a", "#8c564b", "#bcbd22", "#17becf", "#1f77b4", "#9467bd", "#d62728", "#ff7f0e", "#2ca02c",
	"#aec7e8", "#98df8a", "#ff9896"}

// drawing is what the plot's template is given.
type drawing struct {
	Width, Height float64
	Panels        []panel
	Legend        []entry
}

// panel is one figure over the number of workers.
type panel struct {
	Title                    string
	Left, Top, Right, Bottom float64
	Middle                   float64
	X, Y                     []tick
	Lines                    []line
}

// tick is a mark on an axis.
type tick struct {
	At   float64
	Text string
}

// line is a contender's.
type line struct {
	Colour string
	Points []point
}

type point struct{ X, Y float64 }

// entry is a contender in the legend.
type entry struct {
	Colour, Title string
	X, Y          float64
}

// plot draws connections/s and CPU over the number of workers.
func (r *report) plot() []byte {
	d := drawing{
		Width:  panelLeft + 2*panelWidth + panelGap + legendWidth,
		Height: panelTop + panelHeight + 60,
		Panels: []panel{
			r.panel("connections/s", panelLeft, figures.perSecond),
			r.panel("primary's CPU, µs a connection", panelLeft+panelWidth+panelGap, figures.cpu),
		},
		Legend: r.legend(panelLeft + 2*panelWidth + panelGap + 25),
	}
	var b bytes.Buffer
	if err := plotTemplate.Execute(&b, d); err != nil {
		panic(err) // a buffer takes everything, and the template is given what it asks for
	}
	return b.Bytes()
}

func (r *report) panel(title string, left float64, figure func(figures) float64) panel {
	p := panel{Title: title, Left: left, Top: panelTop, Right: left + panelWidth, Bottom: panelTop + panelHeight, Middle: left + panelWidth/2}
	highest := 0.0
	for _, row := range r.Results {
		highest = max(highest, figure(row.Median))
	}
	step := niceStep(highest)
	steps := max(1, int(math.Ceil(highest/step)))
	top := step * float64(steps)
	y := func(v float64) float64 { return round(p.Bottom - v/top*panelHeight) }
	for i := range steps + 1 {
		v := step * float64(i)
		p.Y = append(p.Y, tick{y(v), fmt.Sprintf("%.6g", v)})
	}
	counts := r.workerCounts()
	x := func(i int) float64 { return round(left + (float64(i)+0.5)*panelWidth/float64(len(counts))) }
	for i, n := range counts {
		p.X = append(p.X, tick{x(i), fmt.Sprint(n)})
	}
	for i, name := range names() {
		l := line{Colour: colours[i]}
		for _, row := range r.Results {
			if row.Name == name {
				l.Points = append(l.Points, point{x(slices.Index(counts, row.Workers)), y(figure(row.Median))})
			}
		}
		if len(l.Points) > 0 {
			p.Lines = append(p.Lines, l)
		}
	}
	return p
}

func (r *report) workerCounts() (counts []int) {
	for _, row := range r.Results {
		counts = append(counts, row.Workers)
	}
	slices.Sort(counts)
	return slices.Compact(counts)
}

func (r *report) legend(x float64) (all []entry) {
	for i, c := range contenders() {
		if slices.ContainsFunc(r.Results, func(row *result) bool { return row.Name == c.name }) {
			all = append(all, entry{colours[i], c.title, x, panelTop + 10 + 22*float64(len(all))})
		}
	}
	return all
}

// niceStep is the distance of some five ticks up to a value: 1, 2 or 5 times a power of 10.
func niceStep(highest float64) float64 {
	if highest <= 0 {
		return 1
	}
	raw := highest / 5
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 5} {
		if raw <= f*power {
			return f * power
		}
	}
	return 10 * power
}

func round(v float64) float64 { return math.Round(v*10) / 10 }
