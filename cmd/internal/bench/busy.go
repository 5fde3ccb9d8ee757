//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

const (
	// busyWorkers is how many workers there are, of which one is busy half of the time.
	busyWorkers = 4
	// busyRequests is how many requests a second there are: few for the others.
	busyRequests = 400
)

// waits are how long the requests of a turn took.
type waits struct {
	median, p99 time.Duration
	errors      string
}

func (w waits) medianMillis() float64 { return millis(w.median) }
func (w waits) p99Millis() float64    { return millis(w.p99) }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// busy measures how long requests take while one of the workers is busy half of the time.
func (b *bench) busy(ctx context.Context, out io.Writer) error {
	all := slices.DeleteFunc(contenders(), func(c contender) bool { return !slices.Contains([]string{baseline, "rr", "least"}, c.name) })
	turns := make([][]waits, len(all))
	for round := range b.options.rounds {
		for i, c := range all {
			b.progress("round %d of %d: %s", round+1, b.options.rounds, c.name)
			w, err := b.busyTurn(ctx, c)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			turns[i] = append(turns[i], w)
		}
	}
	return writeBusy(out, all, turns)
}

func (b *bench) busyTurn(ctx context.Context, c contender) (w waits, err error) {
	s, err := b.start(ctx, c, size{busyWorkers, 1}, "BUSY=1")
	if err != nil {
		return w, err
	}
	defer s.end()
	if _, err := measure.Steadily(ctx, s.address(), warmUp, busyRequests); err != nil {
		return w, err
	}
	steady, err := measure.Steadily(ctx, s.address(), b.options.seconds, busyRequests)
	if err != nil {
		return w, err
	}
	return waits{median: steady.Quantile(0.5), p99: steady.Quantile(0.99), errors: steady.Errors}, nil
}

func writeBusy(w io.Writer, all []contender, turns [][]waits) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d workers, of which one is busy for 50 ms of every 100; %d requests/s, each on a connection of its own.\n\n", busyWorkers, busyRequests)
	b.WriteString("| primary | median, ms | p99, ms | p99 beside Node's |\n|---|---|---|---|\n")
	node := measure.Median(turns[0], waits.p99Millis)
	for i, c := range all {
		p99 := measure.Median(turns[i], waits.p99Millis)
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %s |\n", c.title, measure.Median(turns[i], waits.medianMillis), p99, ratio(p99, node))
	}
	for i, c := range all {
		for _, t := range turns[i] {
			if t.errors != "" {
				fmt.Fprintf(&b, "\nClients of %s saw: %s.\n", c.name, t.errors)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
