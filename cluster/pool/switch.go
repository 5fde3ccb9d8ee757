package pool

import (
	"fmt"

	"github.com/nodecluster/nodecluster/cluster"
)

// ReloadStrategy is how a reload replaces workers.
type ReloadStrategy string

const (
	// ReloadRolling: one after the other. Two releases serve side by side for as long as that takes. It is the default.
	ReloadRolling ReloadStrategy = "rolling"
	// ReloadSwitch: all in one moment. All new workers are started on standby, as [cluster.Settings] has it, and nothing changes before
	// each of them is ready, with an event loop that moves. Then [cluster.Primary.Switch] has all connections go to them: of two
	// connections that come one after the other, the second does not go to the release before if the first has gone to the new one. If one
	// of them fails before, no client has seen the new release.
	//
	// Connections that are open go on with the worker that they have, until it leaves. Memory is needed for both releases at a time. A
	// worker that does not listen works as soon as it is started. What workers accept from a socket that they share does not change
	// in one moment, of which an [cluster.ErrorEvent] tells: UDP, but under cluster.SchedReusePort and cluster.SchedSticky, and Unix
	// sockets under cluster.SchedReusePort. Under cluster.SchedNone, where all sockets are shared, an ErrorEvent says so and the reload is
	// a rolling one.
	ReloadSwitch ReloadStrategy = "switch"
)

func (s ReloadStrategy) check(name string) error {
	if s != ReloadRolling && s != ReloadSwitch {
		return fmt.Errorf("%s.Strategy is %q: use %q or %q", name, s, ReloadRolling, ReloadSwitch)
	}
	return nil
}

// canSwitch reports whether all workers can be replaced in one moment, and says so if they cannot.
func (p *Pool) canSwitch() bool {
	if p.primary.SchedulingPolicy() != cluster.SchedNone {
		return true
	}
	p.primary.EmitError(nil, fmt.Errorf(
		"pool: reload: under the scheduling policy %q workers cannot be replaced in one moment, and are replaced one after the other", cluster.SchedNone))
	return false
}

// pass is for a successor that is ready and has stayed well. It has the place, or waits for the others of a switch.
func (p *Pool) pass(place *place) {
	c := place.trial.change
	if !c.switches {
		p.promote(place)
		return
	}
	place.make(standBy)
	c.trials--
	c.canary = false
	p.goOn(c)
}

// switchOver gives all places with a successor that stands by to it, if there are any.
func (p *Pool) switchOver(c *change) {
	var places []*place
	var next, old []*cluster.Worker
	for _, place := range p.places {
		if place.next != standingBy {
			continue
		}
		places = append(places, place)
		next = append(next, place.trial.worker)
		if place.last != nil {
			old = append(old, place.last)
		}
	}
	p.primary.Switch(next, old)
	c.trials = len(places)
	for _, place := range places {
		p.promote(place)
	}
}

// standsBy reports whether a successor stands by.
func (p *Pool) standsBy() bool {
	for _, place := range p.places {
		if place.next == standingBy {
			return true
		}
	}
	return false
}

// listensLater is for a worker on standby that listens once it is activated. It is taken to listen: nothing more can be known before.
func (p *Pool) listensLater(e cluster.ListenPendingEvent) {
	t := p.tenantOf(e.Worker)
	if t == nil {
		return
	}
	t.hasListened(e.Address)
	if place := p.triedIn(e.Worker); place != nil && !place.trial.change.shares {
		place.trial.change.shares = true
		p.primary.EmitError(e.Worker, fmt.Errorf("pool: reload: workers share %s, so that those of both releases serve it for a moment", nameOf(e.Address)))
	}
	p.promoteReady()
}
