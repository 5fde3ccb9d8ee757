//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// sizes are the numbers of workers and of ports that are compared with few of them.
type sizes struct{ workers, ports int }

// few is how many workers there are beside many.
const few = 2

// setting is what grows from one setting to the next.
type setting struct {
	contender contender
	size      size
	turns     []figures
}

func (s *setting) median(figure func(figures) float64) float64 {
	return measure.Median(s.turns, figure)
}

// scale measures how nodecluster's CPU and memory grow.
func (b *bench) scale(ctx context.Context, out io.Writer, many sizes) error {
	inGo := contender{name: "scale-go", title: "Go", start: (*bench).startGoWorkers, asked: true}
	inNode := contender{name: "scale-node", title: "Node", start: nodecluster("rr")}
	settings := []*setting{
		{contender: inGo, size: size{few, 1}}, {contender: inGo, size: size{many.workers, 1}},
		{contender: inNode, size: size{few, 1}}, {contender: inNode, size: size{few, many.ports}},
	}
	for round := range b.options.rounds {
		for _, s := range settings {
			b.progress("round %d of %d: %d workers in %s, %d ports", round+1, b.options.rounds, s.size.workers, s.contender.title, s.size.ports)
			f, err := b.turn(ctx, s.contender, s.size)
			if err != nil {
				return fmt.Errorf("%d workers in %s, %d ports: %w", s.size.workers, s.contender.title, s.size.ports, err)
			}
			s.turns = append(s.turns, f)
		}
	}
	return writeScale(out, settings)
}

// startGoWorkers starts the primary with workers in Go.
func (b *bench) startGoWorkers(ctx context.Context, p place) (server, error) {
	return startSingle(ctx, p, []string{b.options.nodecluster, "run", "-i", fmt.Sprint(p.workers), b.options.goWorker})
}

func writeScale(w io.Writer, settings []*setting) error {
	var b strings.Builder
	b.WriteString("| workers | ports | connections/s | primary's CPU, µs a connection | primary's memory, MiB |\n|---|---|---|---|---|\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "| %d in %s | %d | %.0f | %.1f | %.1f |\n", s.size.workers, s.contender.title, s.size.ports,
			s.median(figures.perSecond), s.median(figures.cpu), s.median(figures.memory))
	}
	b.WriteString("\n| bar | measured | at most |\n|---|---|---|\n")
	for _, bar := range bars(settings) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", bar.what, bar.measured(), bar.most)
	}
	writeErrors(&b, settings)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeErrors(b *strings.Builder, settings []*setting) {
	for _, s := range settings {
		for _, f := range s.turns {
			if f.Errors != "" {
				fmt.Fprintf(b, "\nClients of %d workers with %d ports saw: %s.\n", s.size.workers, s.size.ports, f.Errors)
			}
		}
	}
}

// bar is what a figure may be at most.
type bar struct {
	what   string
	figure float64
	limit  float64
	unit   string
	most   string
}

func (b bar) measured() string {
	text := fmt.Sprintf("%.2f%s", b.figure, b.unit)
	if b.figure > b.limit {
		text += ", over the bar"
	}
	return text
}

func bars(s []*setting) []bar {
	all := []bar{
		{what: fmt.Sprintf("CPU a connection: %d workers beside %d", s[1].size.workers, s[0].size.workers),
			figure: s[1].median(figures.cpu) / s[0].median(figures.cpu), limit: 1.3},
		{what: fmt.Sprintf("CPU a connection: %d ports beside %d", s[3].size.ports, s[2].size.ports),
			figure: s[3].median(figures.cpu) / s[2].median(figures.cpu), limit: 1.3},
		{what: fmt.Sprintf("memory with %d workers", s[0].size.workers), figure: s[0].median(figures.memory), limit: 15, unit: " MiB"},
		{what: "memory of each further worker", limit: 100, unit: " KiB",
			figure: (s[1].median(figures.memory) - s[0].median(figures.memory)) * 1024 / float64(s[1].size.workers-s[0].size.workers)},
	}
	for i := range all {
		all[i].most = fmt.Sprintf("%g%s", all[i].limit, all[i].unit)
	}
	return all
}
