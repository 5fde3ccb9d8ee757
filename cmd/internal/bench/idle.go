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
	// idleWorkers is how many workers there are that have nothing to do.
	idleWorkers = 100
	// idleSeconds is how long a turn takes unless --seconds says it: a period of the lag takes 10 s.
	idleSeconds = 60
)

// idle measures what workers cost the primary that have nothing to do, while it does not ask how they are, and while it does. All are measured
// at once, so that a machine whose speed drifts treats them alike.
func (b *bench) idle(ctx context.Context, out io.Writer, workers int) error {
	var servers []started
	defer func() {
		for _, s := range servers {
			s.end()
		}
	}()
	flags := [][]string{nil, {"--max-lag", "10s"}, {"--max-lag", "5s"}, {"--max-lag", "1s"}}
	for _, f := range flags {
		start := func(b *bench, ctx context.Context, p place) (server, error) {
			command := []string{b.options.nodecluster, "run", "-i", fmt.Sprint(p.workers)}
			return startSingle(ctx, p, slices.Concat(command, f, []string{b.options.goWorker}))
		}
		b.progress("%d workers, %s", workers, titleOf(f))
		s, err := b.start(ctx, contender{name: "idle", start: start, asked: true}, size{workers, 1})
		if err != nil {
			return fmt.Errorf("%s: %w", titleOf(f), err)
		}
		servers = append(servers, s)
	}
	b.progress("all of them for %d s", b.options.seconds)
	costs, err := b.idleCosts(ctx, servers)
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d workers in Go that have nothing to do, for %d s.\n\n", workers, b.options.seconds)
	text.WriteString("| primary | CPU, % of one | switches/s |\n|---|---|---|\n")
	for i, f := range flags {
		seconds := float64(b.options.seconds)
		fmt.Fprintf(&text, "| %s | %.3f | %.1f |\n", titleOf(f), 100*costs[i].Ran.Seconds()/seconds, float64(costs[i].Switches)/seconds)
	}
	_, err = io.WriteString(out, text.String())
	return err
}

// idleCosts are what the primaries do in a turn.
func (b *bench) idleCosts(ctx context.Context, servers []started) ([]measure.Activity, error) {
	costs := make([]measure.Activity, len(servers))
	for i, s := range servers {
		costs[i] = measure.ActivityOf(s.processes()...)
	}
	select {
	case <-time.After(time.Duration(b.options.seconds) * time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for i, s := range servers {
		after := measure.ActivityOf(s.processes()...)
		costs[i] = measure.Activity{Ran: after.Ran - costs[i].Ran, Switches: after.Switches - costs[i].Switches}
		if err := s.running(); err != nil {
			return nil, err
		}
	}
	return costs, nil
}

func titleOf(flags []string) string {
	if len(flags) == 0 {
		return "nodecluster"
	}
	return "nodecluster, `" + strings.Join(flags, " ") + "`"
}
