//go:build unix

package main

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/cmd/internal/measure/clients"
)

// contestant is a primary and what its turns came to.
type contestant struct {
	name    string
	command []string
	counts  [clients.Outcomes]int
	kills   int
}

// turn runs the primary under the load once.
func (c *contestant) turn(ctx context.Context, d time.Duration) error {
	address, err := measure.FreeAddress()
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	primary, err := measure.Start(ctx, c.command, "PORT="+port)
	if err != nil {
		return err
	}
	defer primary.End()
	all := func() error { return clients.AwaitWorkers(ctx, address, workers, patience, primary.Running) }
	if err := all(); err != nil {
		return err
	}
	l := clients.Start(ctx, clients.Options{Address: address, Clients: clientCount, Patience: patience})
	l.KillFor(ctx, d, func() time.Duration { return killEvery })
	// Only where workers are there for it has a connection without an answer hung.
	err = errors.Join(all(), l.Stop(patience))
	for i, n := range l.Counts() {
		c.counts[i] += n
	}
	c.kills += l.Kills()
	return err
}
