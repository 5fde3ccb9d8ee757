//go:build unix

package main

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// printTable prints the medians over the rounds, and their ratios to the first contender's.
func printTable(contenders []*contender, cells []cell) {
	fmt.Println("| serialization | message | in flight | parent | round trips/s | CPU, µs a round trip | ratios to Node |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, in := range cells {
		first := contenders[0].results[in]
		for _, c := range contenders {
			fmt.Printf("| %s | %s | %d | %s | %s |\n", in.serialization, in.message(), in.inFlight, c.name, c.results[in].columns(first))
		}
	}
}

// columns are the figures beside those of first, or why there are none.
func (r *result) columns(first *result) string {
	if r.refused != "" {
		return "– | – | " + r.refused
	}
	speed, cpu := r.median(figures.perSecond), r.median(figures.cpu)
	if first.refused != "" {
		return fmt.Sprintf("%.0f | %.2f | –", speed, cpu)
	}
	return fmt.Sprintf("%.0f | %.2f | %.2f, %.2f", speed, cpu, speed/first.median(figures.perSecond), cpu/first.median(figures.cpu))
}

func (r *result) median(of func(figures) float64) float64 { return measure.Median(r.turns, of) }
