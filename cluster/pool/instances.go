package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nodecluster/nodecluster/cluster"
)

// InstanceState is where an instance of a pool is.
type InstanceState string

const (
	// InstanceStarting: its worker runs, and has not listened yet, or not passed [Options.Startup]. A worker that never listens is ready a
	// few seconds after its start. With WaitReady of [Options.Reload] it has not sent "ready" yet, and its ListenTimeout is not over.
	InstanceStarting InstanceState = "starting"
	// InstanceReady: its worker gets connections, or works without.
	InstanceReady InstanceState = "ready"
	// InstanceUnready: its worker gets no connections, because it does not pass [Options.Readiness].
	InstanceUnready InstanceState = "unready"
	// InstanceBlocked: its worker gets no connections, because its event loop has not moved for [Options.MaxLag].
	InstanceBlocked InstanceState = "blocked"
	// InstanceSpare: its worker is one of [Options.Spare].
	InstanceSpare InstanceState = "spare"
	// InstanceWaiting: it has no worker, and gets one at RetryAt.
	InstanceWaiting InstanceState = "waiting"
	// InstanceLeaving: its worker has lost its channel, or was asked to leave, and still runs.
	InstanceLeaving InstanceState = "leaving"
	// InstanceDone: its worker has done its work, and has no successor.
	InstanceDone InstanceState = "done"
	// InstanceFailed: its worker has failed, and has no successor any more.
	InstanceFailed InstanceState = "failed"
)

// Instance is one place of a pool as it is at a moment.
type Instance struct {
	// Number is what workers find in [InstanceVariable].
	Number int
	// Program is 0 for workers of the pool's settings, and from 1 on for those of Options.Programs in their order.
	Program int
	// Exec is the script or the executable that its next worker runs, by its path.
	Exec  string
	State InstanceState
	// Err is how the last worker has failed, or why the worker gets no connections; nil if nothing is wrong.
	Err error
	// Worker is the one that fills it, nil if there is none.
	Worker *cluster.Worker
	// Successor is the one that is tried beside it by a change of the pool, nil if there is none.
	Successor *cluster.Worker
	// StartedAt is when Worker was started, and RetryAt when one is to be. Either is zero where it does not apply.
	StartedAt, RetryAt time.Time
	// Failures is how many workers have failed in a row, and Restarts how many have ended without being asked to and had a
	// successor since the pool was started.
	Failures, Restarts int
	// Addresses are what Worker listens on, by their text.
	Addresses []cluster.Address
}

// Instances are the places of the pool by their numbers, spares after the others. It returns ctx's error when that ends before the pool
// could be asked, an error that matches [cluster.ErrClosed] when the pool has ended, and an error if it has not been started.
func (p *Pool) Instances(ctx context.Context) (instances []Instance, err error) {
	err = p.ask(ctx, func() {
		for _, place := range p.places {
			instances = append(instances, p.instanceOf(place))
		}
		slices.SortFunc(instances, func(a, b Instance) int { return a.Number - b.Number })
		for _, spare := range p.spares.all {
			instance := p.instanceOf(spare)
			instance.State = InstanceSpare
			instances = append(instances, instance)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("pool: instances: %w", err)
	}
	return instances, nil
}

func (p *Pool) instanceOf(place *place) Instance {
	i := Instance{
		Number: place.number, Program: place.program, Exec: programOf(&place.settings), Worker: place.worker, Failures: place.failures, Restarts: place.restarts,
		Addresses: place.listens.sorted(),
	}
	if place.trial != nil {
		i.Successor = place.trial.worker
	}
	if place.worker != nil {
		i.StartedAt = place.since
	}
	i.State, i.Err = p.stateOf(place)
	if i.State == InstanceWaiting {
		i.RetryAt = place.due
	}
	return i
}

// stateOf is the state of a place, and what is wrong in it.
func (p *Pool) stateOf(place *place) (InstanceState, error) {
	switch t := &place.tenant; {
	case place.stage == vacant, place.stage == unopened:
		return InstanceWaiting, place.lastFailure
	case place.stage == finished && place.failed:
		return InstanceFailed, place.lastFailure
	case place.stage == finished:
		return InstanceDone, nil
	case place.stage != filled, t.worker.ExitedAfterDisconnect():
		return InstanceLeaving, nil
	case t.blocked:
		return InstanceBlocked, fmt.Errorf("it has not moved for %v", rounded(t.worker.BlockedFor()))
	case t.startup != nil && !t.startup.passed:
		return InstanceStarting, fmt.Errorf("startup: %s", t.startup.answer())
	case t.readiness != nil && !t.readiness.healthy:
		return InstanceUnready, fmt.Errorf("readiness: %s", t.readiness.answer())
	case p.options.Reload.WaitReady && !t.sentReady && time.Since(t.since) < p.options.Reload.ListenTimeout:
		return InstanceStarting, errors.New(`it has not sent "ready" yet`)
	case len(t.listens) == 0 && !t.sentReady && time.Since(t.since) < startUp:
		return InstanceStarting, place.lastFailure
	case p.isSuspended(t):
		return InstanceStarting, nil
	}
	return InstanceReady, nil
}
