//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

// contestant is a primary and what its turns came to.
type contestant struct {
	name    string
	command []string
	counts  [outcomes]int
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
	if err := awaitWorkers(ctx, primary, address); err != nil {
		return err
	}
	l := startLoad(ctx, address, patience)
	l.killFor(ctx, d)
	// Only where workers are there for it has a connection without an answer hung.
	err = errors.Join(awaitWorkers(ctx, primary, address), l.stop(patience))
	for i, n := range l.counts {
		c.counts[i] += n
	}
	c.kills += l.kills
	return err
}

// awaitWorkers waits until every worker has answered.
func awaitWorkers(ctx context.Context, p *measure.Program, address string) error {
	seen := map[int]bool{}
	var failure error
	client := 0
	err := p.Await(fmt.Sprintf("answer from each of %d workers", workers), func() bool {
		client++
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		var o outcome
		var pid int
		if o, pid, failure = request(ctx, measure.ClientAddress(client), address); o == answered && failure == nil {
			seen[pid] = true
		}
		return failure != nil || len(seen) == workers
	})
	return errors.Join(failure, err)
}
