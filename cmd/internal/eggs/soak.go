//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/nodecluster/nodecluster/cmd/internal/measure"
	"github.com/nodecluster/nodecluster/cmd/internal/measure/clients"
)

const (
	soakClients  = 8
	soakPause    = 50 * time.Millisecond // of a client between two connections
	soakPatience = 3 * time.Second       // of a client, which then opens another connection
	// agentsEvery is after how many pauses between two deaths of app workers an agent dies.
	agentsEvery = 3
)

// A soak is an application under load whose agent and app workers are killed, and what came of it.
type soak struct {
	*contender
	apps, agents int // killed
	counts       [clients.Outcomes]int
	before       resources // while all processes are up
	after        resources // when all are again, and all clients have left
}

// resources are what a master has.
type resources struct{ descriptors, memory int }

func resourcesOf(pid int) resources {
	return resources{measure.Descriptors(pid), measure.Memory(pid)}
}

// soakAll has nodecluster serve the applications of both releases side by side, and prints what came of it. It fails where a client has hung
// or a descriptor is left.
func (o *options) soakAll(ctx context.Context) error {
	var all []*soak
	for _, c := range o.contenders() {
		if c.program == o.nodecluster {
			all = append(all, &soak{contender: c})
		}
	}
	failures := make([]error, len(all))
	var running sync.WaitGroup
	for i, s := range all {
		running.Go(func() { failures[i] = s.run(ctx, o) })
	}
	running.Wait()
	fmt.Printf("%d app workers, %s\n\n", o.workers, o.soak)
	printSoaks(all)
	for i, s := range all {
		failures[i] = errors.Join(failures[i], s.failure())
	}
	return errors.Join(failures...)
}

// failure says what must not be.
func (s *soak) failure() error {
	var err error
	if n := s.counts[clients.Hung]; n > 0 {
		err = fmt.Errorf("%s: %d clients have hung", s.name, n)
	}
	if left := s.after.descriptors - s.before.descriptors; left > 0 {
		err = errors.Join(err, fmt.Errorf("%s: %d descriptors are left", s.name, left))
	}
	return err
}

// run has one application under load.
func (s *soak) run(ctx context.Context, o *options) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", s.name, err)
		}
	}()
	// In an environment for tests app workers that have died are not replaced. On a slow machine there may be no agent for half a minute.
	r, err := s.start(ctx, o, []string{"EGG_SERVER_ENV=prod", "NODE_ENV=production", "NODECLUSTER_EGG=--keep-trying"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-r.Exited():
			cancel(r.ended())
		case <-ctx.Done():
		}
	}()
	defer func() {
		cancel(nil)
		<-watched
	}()
	if err := s.underLoad(ctx, o, r); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	return nil
}

// underLoad kills processes of a master that runs, whose end ctx is told of.
func (s *soak) underLoad(ctx context.Context, o *options, r *running) error {
	agent, err := r.awaitAgent(ctx)
	if err != nil {
		return err
	}
	all := func() error { return clients.AwaitWorkers(ctx, r.address, o.workers, soakPatience, ctx.Err) }
	if err := all(); err != nil {
		return err
	}
	s.before = resourcesOf(r.Pid())
	load := clients.Start(ctx, clients.Options{
		Address: r.address, Clients: soakClients, Patience: soakPatience, Pause: soakPause, IsWorker: r.isParentOf,
	})
	agent, err = s.kill(ctx, o, r, load, agent)
	err = errors.Join(err, all(), load.Stop(soakPatience))
	s.apps, s.counts = load.Kills(), load.Counts()
	if err != nil {
		return err
	}
	if !measure.Runs(agent) {
		if _, err := r.awaitAgent(ctx); err != nil {
			return err
		}
	}
	// All processes hear of each other still.
	if _, err := o.messages(ctx, r, 1); err != nil {
		return err
	}
	measure.Await("end of descriptors", func() bool { return measure.Descriptors(r.Pid()) <= s.before.descriptors }, ctx.Err)
	s.after = resourcesOf(r.Pid())
	return nil
}

// kill kills the agent and app workers at random for as long as the soak takes, and returns the last agent.
func (s *soak) kill(ctx context.Context, o *options, r *running, load *clients.Load, first int) (agent int, err error) {
	until, cancel := context.WithTimeout(ctx, o.soak)
	defer cancel()
	var agents sync.WaitGroup
	agents.Go(func() { agent, err = s.killAgents(until, r, first, agentsEvery*o.killEvery) })
	load.KillFor(until, o.soak, func() time.Duration { return around(o.killEvery) })
	agents.Wait()
	return agent, err
}

// killAgents kills one agent after the other until ctx ends, and returns the last one.
func (s *soak) killAgents(ctx context.Context, r *running, agent int, every time.Duration) (int, error) {
	for {
		pause := time.NewTimer(around(every))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return agent, nil
		}
		if !r.isParentOf(agent) {
			return agent, fmt.Errorf("agent %d has ended by itself", agent)
		}
		if err := syscall.Kill(agent, syscall.SIGKILL); err != nil {
			return agent, fmt.Errorf("kill agent %d: %w", agent, err)
		}
		s.agents++
		next, err := r.awaitAgent(ctx)
		switch {
		case err == nil:
			agent = next
		case ctx.Err() != nil:
			return agent, nil
		default:
			return agent, err
		}
	}
}

// around is a time between a half and one and a half of that.
func around(d time.Duration) time.Duration { return d/2 + rand.N(d) }

func (r *running) isParentOf(pid int) bool { return slices.Contains(measure.Children(r.Pid()), pid) }

// awaitAgent waits for an agent that has not told of itself before, and returns its pid.
func (r *running) awaitAgent(ctx context.Context) (int, error) {
	var agent struct{ Pid int }
	err := r.await(ctx, "agent-up", &agent)
	return agent.Pid, err
}
