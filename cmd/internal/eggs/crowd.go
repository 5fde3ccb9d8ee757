//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
)

const (
	// bytesOfMessage is how much a message is filled with.
	bytesOfMessage = 100
	// While a worker is stopped messages come to more than nodecluster keeps for it, which are 16 MiB. Those who read get so many a second
	// together that they keep up.
	bytesWhileStopped      = 64 << 10
	messagesWhileStopped   = 24 << 20 / bytesWhileStopped
	deliveriesWhileStopped = 1000
	// askEvery is how often a worker that was stopped is asked what it has got: what it is asked first may be dropped with the rest.
	askEvery = 200 * time.Millisecond
)

// A crowd is a master with many small app workers, and what came of messages to all of them.
type crowd struct {
	*contender
	series []series
	// With one worker stopped.
	stopped series
	dropped int // of the messages to that worker
}

// series is what came of messages to all app workers.
type series struct {
	asked       int     // messages a second
	perSecond   float64 // that have arrived, those of all workers together
	lost        int
	disordered  int
	cpu         float64 // the master's, µs for each that has arrived
	median, p99 float64 // µs on the way: of the worker in the middle, and of the slowest
	memory      int     // the master's afterwards, in bytes
}

// counted is what an app worker says that it has got.
type counted struct {
	Pid, Count, Disordered int
	Median, P99            float64
}

// newCrowds are Egg's own master and nodecluster, with a framework of no weight.
func (o *options) newCrowds() (all []*crowd) {
	for _, c := range o.contenders() {
		if c.egg == "egg3" {
			c.egg, c.app = "", "crowd"
			all = append(all, &crowd{contender: c})
		}
	}
	return all
}

// crowds has each master send to its app workers, and prints what came of it.
func (o *options) crowds(ctx context.Context) error {
	all := o.newCrowds()
	for _, c := range all {
		if err := c.run(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	fmt.Printf("%d app workers, %.0f s each\n\n", o.workers, o.seconds)
	printCrowds(all)
	return nil
}

func (c *crowd) run(ctx context.Context, o *options) (err error) {
	r, err := c.start(ctx, o, testEnv())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	var pids []int
	for _, n := range o.broadcasts {
		s, workers, err := o.broadcast(ctx, r, order{int(float64(n) * o.seconds), n, bytesOfMessage}, o.workers)
		if err != nil {
			return err
		}
		c.series, pids = append(c.series, s), workers
	}
	return c.stop(ctx, o, r, pids[0])
}

// order is what the agent is told to send.
type order struct {
	Messages  int `json:"messages"`
	PerSecond int `json:"perSecond"`
	Bytes     int `json:"bytes"`
}

// broadcast has the agent send messages to all app workers, and waits until so many have said what they have got.
func (o *options) broadcast(ctx context.Context, r *running, b order, readers int) (s series, pids []int, err error) {
	before, began := measure.CPU(r.Pid()), time.Now()
	if err := r.tell(ctx, "agent", "broadcast", b); err != nil {
		return s, nil, err
	}
	arrived := 0
	var medians []float64
	for len(pids) < readers {
		var w counted
		if err := r.await(ctx, "counted", &w); err != nil {
			return s, nil, fmt.Errorf("%d of %d app workers have counted: %w", len(pids), readers, err)
		}
		pids, medians = append(pids, w.Pid), append(medians, w.Median)
		arrived += w.Count
		s.lost += b.Messages - w.Count
		s.disordered += w.Disordered
		s.p99 = max(s.p99, w.P99)
	}
	slices.Sort(medians)
	s.asked, s.median = b.PerSecond, medians[len(medians)/2]
	s.perSecond = float64(arrived) / time.Since(began).Seconds()
	s.cpu = float64((measure.CPU(r.Pid()) - before).Microseconds()) / float64(arrived)
	s.memory = measure.Memory(r.Pid())
	return s, pids, nil
}

// stop stops an app worker while messages go to all, and has it go on then.
func (c *crowd) stop(ctx context.Context, o *options, r *running, pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	defer syscall.Kill(pid, syscall.SIGCONT)
	b := order{messagesWhileStopped, max(1, deliveriesWhileStopped/o.workers), bytesWhileStopped}
	s, _, err := o.broadcast(ctx, r, b, o.workers-1)
	if err != nil {
		return err
	}
	c.stopped = s
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		return err
	}
	w, err := r.awaitCount(ctx, pid)
	c.dropped = b.Messages - w.Count
	c.stopped.disordered += w.Disordered
	return err
}

// awaitCount asks all app workers what they have got until a certain one says it.
func (r *running) awaitCount(ctx context.Context, pid int) (w counted, err error) {
	ctx, cancel := context.WithCancel(ctx)
	asked := make(chan error, 1)
	go func() { asked <- r.askForCounts(ctx) }()
	for err == nil && w.Pid != pid {
		w = counted{}
		err = r.await(ctx, "counted", &w)
	}
	cancel()
	return w, errors.Join(err, <-asked)
}

func (r *running) askForCounts(ctx context.Context) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := r.tell(ctx, "app", "count", nil); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}
