//go:build linux

package main

import (
	"context"
	"fmt"
	"net"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// place is a kind of worker under a kind of primary, and what was measured there.
type place struct {
	primary, worker string
	command, env    []string
	turns           []figures
}

// figures are what came of one turn.
type figures struct{ perSecond, workerMicros, primaryMicros float64 }

// turn starts the primary, loads it and measures.
func (p *place) turn(ctx context.Context, o *options) error {
	address, err := measure.FreeAddress()
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	program, err := measure.Start(ctx, p.command, append(p.env, "PORT="+port)...)
	if err != nil {
		return err
	}
	defer program.End()
	if err := program.AwaitPort(address); err != nil {
		return err
	}
	var workers []int
	if err := program.Await(fmt.Sprintf("primary with %d workers", o.workers), func() bool {
		workers = measure.Children(program.PID())
		return len(workers) == o.workers
	}); err != nil {
		return err
	}
	if _, err := measure.Wrk(ctx, address, 1, o.clients, measure.WrkScript{}); err != nil {
		return err
	}
	return p.measure(ctx, o, address, program.PID(), workers)
}

func (p *place) measure(ctx context.Context, o *options, address string, primary int, workers []int) error {
	primaryBefore, workersBefore := measure.CPU(primary), measure.CPU(workers...)
	load, err := measure.Wrk(ctx, address, o.seconds, o.clients, measure.WrkScript{})
	if err != nil {
		return err
	}
	n := float64(max(load.Requests, 1))
	p.turns = append(p.turns, figures{
		perSecond:     load.PerSecond,
		workerMicros:  (measure.CPU(workers...) - workersBefore).Seconds() * 1e6 / n,
		primaryMicros: (measure.CPU(primary) - primaryBefore).Seconds() * 1e6 / n,
	})
	return nil
}
