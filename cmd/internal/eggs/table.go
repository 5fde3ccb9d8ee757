//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/cmd/internal/measure/clients"
)

// printTable prints the medians over the turns, and what became of requests in each.
func printTable(contenders []*contender) {
	fmt.Println("| master | messages/s to all workers | its CPU, µs a message | to all and back, µs: median | p99 " +
		"| requests during a reload | the slowest, s | a request at SIGTERM |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, c := range contenders {
		median := func(of func(figures) float64) float64 { return measure.Median(c.turns, of) }
		fmt.Printf("| %s | %.0f | %.1f | %.0f | %.0f | %s | %.1f | %s |\n", c.name,
			median(func(f figures) float64 { return f.perSecond }), median(func(f figures) float64 { return f.cpu }),
			median(func(f figures) float64 { return f.median }), median(func(f figures) float64 { return f.p99 }),
			c.distinct(func(f figures) string { return f.reloadText() }), median(func(f figures) float64 { return f.slowest.Seconds() }),
			c.distinct(func(f figures) string { return f.stop }))
	}
}

func (f figures) reloadText() string {
	if f.reload == "" {
		return "all answered"
	}
	return f.reload
}

// distinct are the texts of all turns, each once.
func (c *contender) distinct(text func(figures) string) string {
	var texts []string
	for _, f := range c.turns {
		if !slices.Contains(texts, text(f)) {
			texts = append(texts, text(f))
		}
	}
	return strings.Join(texts, "; ")
}

// printSoaks prints what came of applications under load whose processes were killed.
func printSoaks(all []*soak) {
	fmt.Print("| application | app workers killed | agents killed |")
	for o := range clients.Outcomes {
		fmt.Printf(" %s |", o)
	}
	fmt.Println(" the master's descriptors before, after | its memory, MiB |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
	for _, s := range all {
		fmt.Printf("| %s | %d | %d |", s.name, s.apps, s.agents)
		for _, n := range s.counts {
			fmt.Printf(" %d |", n)
		}
		fmt.Printf(" %d, %d | %.1f, %.1f |\n", s.before.descriptors, s.after.descriptors, mib(s.before.memory), mib(s.after.memory))
	}
}

func mib(bytes int) float64 { return float64(bytes) / (1 << 20) }

// printCrowds prints what came of messages to many app workers.
func printCrowds(all []*crowd) {
	fmt.Println("| master | messages/s to all | arrived/s | lost | out of order | its CPU, µs for each | on the way, µs: median | p99 of the slowest " +
		"| its memory, MiB |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, c := range all {
		for _, s := range c.series {
			s.print(c.name)
		}
		c.stopped.print(c.name + ", one worker stopped")
	}
	fmt.Println()
	for _, c := range all {
		fmt.Printf("%s: of %d messages of %d KiB to the stopped worker %d were dropped\n", c.name, messagesWhileStopped, bytesWhileStopped>>10, c.dropped)
	}
}

func (s series) print(name string) {
	fmt.Printf("| %s | %d | %.0f | %d | %d | %.1f | %.0f | %.0f | %.1f |\n",
		name, s.asked, s.perSecond, s.lost, s.disordered, s.cpu, s.median, s.p99, mib(s.memory))
}
