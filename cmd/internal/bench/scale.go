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
	if err := b.compileFloor(ctx); err != nil {
		b.progress("the bare system calls are not measured: %v", err)
	} else {
		bare := contender{name: "scale-floor", title: "Go, under the bare system calls", start: (*bench).startFloorOfGo, asked: true}
		settings = append(settings, &setting{contender: bare, size: size{few, 1}}, &setting{contender: bare, size: size{many.workers, 1}})
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
	b.WriteString("\n| bar | measured | at most | the bare system calls |\n|---|---|---|---|\n")
	for _, bar := range bars(settings) {
		fmt.Fprintf(&b, "| %s | %s | %g%s | %s |\n", bar.what, bar.measured(), bar.limit, bar.unit, bar.floor)
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
	what          string
	figure, limit float64
	unit          string
	floor         string // the same figure of the bare system calls
}

func (b bar) measured() string {
	text := fmt.Sprintf("%.2f%s", b.figure, b.unit)
	if b.figure > b.limit {
		text += ", over the bar"
	}
	return text
}

func bars(s []*setting) []bar {
	floor := "–"
	if len(s) > 4 {
		floor = fmt.Sprintf("%.2f", growth(s[4], s[5]))
	}
	further := s[1].size.workers - s[0].size.workers
	return []bar{
		{fmt.Sprintf("CPU a connection: %d workers beside %d", s[1].size.workers, s[0].size.workers), growth(s[0], s[1]), 1.3, "", floor},
		{fmt.Sprintf("CPU a connection: %d ports beside %d", s[3].size.ports, s[2].size.ports), growth(s[2], s[3]), 1.3, "", "–"},
		{fmt.Sprintf("memory with %d workers", s[0].size.workers), s[0].median(figures.memory), 15, " MiB", "–"},
		{"memory of each further worker", (s[1].median(figures.memory) - s[0].median(figures.memory)) * 1024 / float64(further), 100, " KiB", "–"},
	}
}

// growth is how many times as much CPU a connection takes in a setting as in another.
func growth(from, to *setting) float64 { return to.median(figures.cpu) / from.median(figures.cpu) }
