//go:build linux

package main

import (
	"fmt"
	"slices"
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

func (p *place) median() measure {
	of := func(figure func(measure) float64) float64 {
		var all []float64
		for _, t := range p.turns {
			all = append(all, figure(t))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return measure{
		perSecond:     of(func(m measure) float64 { return m.perSecond }),
		workerMicros:  of(func(m measure) float64 { return m.workerMicros }),
		primaryMicros: of(func(m measure) float64 { return m.primaryMicros }),
	}
}
