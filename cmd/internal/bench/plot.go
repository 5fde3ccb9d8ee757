//go:build linux

package main

import (
	"fmt"
	"slices"

	"github.com/nodecluster/nodecluster/cmd/internal/plot"
)

// colours tell contenders apart, in the order of contenders.
var colours = []string{"#404040", "#9a9a9a", "#8c564b", "#bcbd22", "#17becf", "#1f77b4", "#9467bd", "#d62728", "#ff7f0e", "#2ca02c",
	"#aec7e8", "#98df8a", "#ff9896", "#c49c94", "#f7b6d2", "#c5b0d5", "#dbdb8d", "#9edae5", "#e7969c"}

// plot draws connections/s and CPU over the number of workers.
func (r *report) plot() []byte {
	return plot.Plot{
		Panels: []plot.Panel{r.panel("connections/s", figures.perSecond), r.panel("primary's CPU, µs a connection", figures.cpu)},
		Legend: r.legend(),
	}.SVG()
}

func (r *report) panel(title string, figure func(figures) float64) plot.Panel {
	highest := 0.0
	for _, row := range r.Results {
		highest = max(highest, figure(row.Median))
	}
	counts := r.workerCounts()
	p := plot.Panel{Title: title, Below: "workers", X: plot.Axis{To: float64(len(counts))}, Y: plot.FromZero(highest)}
	x := func(i int) float64 { return float64(i) + 0.5 }
	for i, n := range counts {
		p.X.Ticks = append(p.X.Ticks, plot.Tick{At: x(i), Text: fmt.Sprint(n)})
	}
	for i, name := range names() {
		s := plot.Series{Colour: colours[i]}
		for _, row := range r.Results {
			if row.Name == name {
				s.Points = append(s.Points, plot.Point{X: x(slices.Index(counts, row.Workers)), Y: figure(row.Median)})
			}
		}
		if len(s.Points) > 0 {
			p.Lines = append(p.Lines, s)
		}
	}
	p.Dots = p.Lines
	return p
}

func (r *report) workerCounts() (counts []int) {
	for _, row := range r.Results {
		counts = append(counts, row.Workers)
	}
	slices.Sort(counts)
	return slices.Compact(counts)
}

func (r *report) legend() (all []plot.Entry) {
	for i, c := range contenders() {
		if slices.ContainsFunc(r.Results, func(row *result) bool { return row.Name == c.name }) {
			all = append(all, plot.Entry{Colour: colours[i], Title: c.title})
		}
	}
	return all
}
