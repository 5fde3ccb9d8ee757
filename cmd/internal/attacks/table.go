//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

func printHead(primaries []primary) {
	fmt.Print("| attack |")
	for _, p := range primaries {
		fmt.Printf(" %s |", p.name)
	}
	fmt.Println("\n|" + strings.Repeat("---|", len(primaries)+1))
}

// printLine prints what an attack came to: the clients that were answered, and what the primary had in memory and of descriptors.
func printLine(attack string, results []result) {
	if attack == "" {
		attack = "none"
	}
	fmt.Printf("| %s |", attack)
	for _, r := range results {
		fmt.Printf(" %v |", r)
	}
	fmt.Println()
}

func (r result) String() string {
	if r.died {
		return "**it died**"
	}
	text := fmt.Sprintf("%d of %d, %d MB, %d", r.answered, clients, r.megabytes, r.descriptors)
	if r.stopped > measure.EndPatience-time.Second {
		text += ", **does not stop**"
	}
	return text
}
