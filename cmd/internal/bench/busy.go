//go:build linux

package main

import (
	"context"
	"errors"
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
	median, p99, p999 time.Duration
	errors            string
}

func (w waits) medianMillis() float64 { return millis(w.median) }
func (w waits) p99Millis() float64    { return millis(w.p99) }
func (w waits) p999Millis() float64   { return millis(w.p999) }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// withoutBusy are contenders that have no say in which worker is busy, or that are a part of what is measured elsewhere.
var withoutBusy = []string{"pm2", "floor"}

// busy measures how long requests take while one of the workers is busy half of the time.
func (b *bench) busy(ctx context.Context, out io.Writer) error {
	r := &report{}
	all := slices.DeleteFunc(b.ready(ctx, r), func(c contender) bool { return slices.Contains(withoutBusy, c.name) })
	if len(all) == 0 {
		return errors.New("nothing could be measured: --only names nothing that --busy measures")
	}
	stop, err := b.spin(ctx)
	if err != nil {
		return err
	}
	defer stop()
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
	return b.writeBusy(out, all, turns, r.notMeasured())
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
	return waits{median: steady.Quantile(0.5), p99: steady.Quantile(0.99), p999: steady.Quantile(0.999), errors: steady.Errors}, nil
}

func (b *bench) writeBusy(w io.Writer, all []contender, turns [][]waits, notMeasured []string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%d workers%s, of which one is busy for 50 ms of every 100; %d requests/s, each on a connection of its own.\n\n",
		busyWorkers, besideSpinning(b.options.spin), busyRequests)
	fmt.Fprintf(&text, "| primary | median, ms | p99, ms | p99.9, ms | p99 beside that of the first |\n|---|---|---|---|---|\n")
	first := measure.Median(turns[0], waits.p99Millis)
	for i, c := range all {
		p99 := measure.Median(turns[i], waits.p99Millis)
		fmt.Fprintf(&text, "| %s | %.1f | %.1f | %.1f | %s |\n", c.title, measure.Median(turns[i], waits.medianMillis), p99,
			measure.Median(turns[i], waits.p999Millis), ratio(p99, first))
	}
	for i, c := range all {
		for _, t := range turns[i] {
			if t.errors != "" {
				fmt.Fprintf(&text, "\nClients of %s saw: %s.\n", c.name, t.errors)
			}
		}
	}
	if len(notMeasured) > 0 {
		fmt.Fprintf(&text, "\nNot measured:\n\n- %s\n", strings.Join(notMeasured, "\n- "))
	}
	_, err := io.WriteString(w, text.String())
	return err
}
