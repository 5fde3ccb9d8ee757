//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// compare gives each contender its turns, and reports.
func (b *bench) compare(ctx context.Context, out io.Writer) error {
	r := &report{Kind: b.options.kind, Seconds: b.options.seconds, Clients: b.options.clients, Addresses: max(1, b.options.addresses), Rounds: b.options.rounds, Spinning: b.options.spin, Machine: b.machine}
	ready := b.ready(ctx, r)
	stop, err := b.spin(ctx)
	if err != nil {
		return err
	}
	for _, workers := range b.options.workers {
		b.rounds(ctx, r, ready, workers)
	}
	stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if len(r.Results) == 0 {
		return fmt.Errorf("nothing could be measured: %s", strings.Join(r.notMeasured(), "; "))
	}
	if err := r.writeTable(out); err != nil {
		return err
	}
	if err := b.writeFiles(r); err != nil {
		return err
	}
	return r.failure()
}

func (b *bench) writeFiles(r *report) error {
	if b.options.plot != "" {
		if err := os.WriteFile(b.options.plot, r.plot(), 0o644); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
	}
	if b.options.json != "" {
		if err := r.writeJSON(b.options.json); err != nil {
			return fmt.Errorf("--json: %w", err)
		}
	}
	return nil
}

// ready prepares the contenders that are wanted, and gives those that this machine has.
func (b *bench) ready(ctx context.Context, r *report) (ready []contender) {
	for _, c := range contenders() {
		if !b.options.takes(c) {
			if !c.onDemand {
				r.LeftOut = append(r.LeftOut, c.name)
			}
			continue
		}
		if c.prepare != nil {
			b.progress("preparing %s", c.name)
			if err := c.prepare(b, ctx); err != nil {
				r.NotMeasured = append(r.NotMeasured, omission{Name: c.name, Reason: err.Error()})
				continue
			}
		}
		ready = append(ready, c)
	}
	return ready
}

// rounds measures with one number of workers. A contender that fails has no further turn.
func (b *bench) rounds(ctx context.Context, r *report, ready []contender, workers int) {
	turns := map[string][]figures{}
	running := slices.Clone(ready)
	for round := range b.options.rounds {
		running = slices.DeleteFunc(running, func(c contender) bool {
			if ctx.Err() != nil {
				return true
			}
			b.progress("%d workers, round %d of %d: %s", workers, round+1, b.options.rounds, c.name)
			f, err := b.turn(ctx, c, size{workers, 1})
			if err != nil {
				r.NotMeasured = append(r.NotMeasured, omission{Name: c.name, Workers: workers, Reason: err.Error()})
				return true
			}
			turns[c.name] = append(turns[c.name], f)
			return false
		})
	}
	for _, c := range running {
		r.Results = append(r.Results, newResult(c, workers, turns[c.name]))
	}
}
