//go:build linux

package main

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// printTable prints medians over the rounds, and their ratios to the first place.
func printTable(places []*place) {
	fmt.Printf("| primary | workers | connections/s | workers' CPU, µs a connection | primary's CPU, µs a connection | ratios to the first |\n")
	fmt.Printf("|---|---|---|---|---|---|\n")
	first := places[0].median()
	for _, p := range places {
		m := p.median()
		fmt.Printf("| %s | %s | %.0f | %.1f | %.1f | %.2f, %.2f, %.2f |\n", p.primary, p.worker, m.perSecond, m.workerMicros, m.primaryMicros,
			m.perSecond/first.perSecond, m.workerMicros/first.workerMicros, m.primaryMicros/first.primaryMicros)
	}
}

func (p *place) median() figures {
	return figures{
		perSecond:     measure.Median(p.turns, func(f figures) float64 { return f.perSecond }),
		workerMicros:  measure.Median(p.turns, func(f figures) float64 { return f.workerMicros }),
		primaryMicros: measure.Median(p.turns, func(f figures) float64 { return f.primaryMicros }),
	}
}
