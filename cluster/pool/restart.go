package pool

import (
	"context"

	"github.com/nodecluster/nodecluster/cluster"
)

// Restart replaces all workers at once, old first: all are asked to leave, as [Options.KillTimeout] says, and each has a successor when it
// has ended, whatever [Options.Restart] says. It is for programs of which two versions must not run side by side, and where memory is
// short; [Pool.Reload] leaves no time without a worker. What the workers listen on stays open meanwhile, and clients wait. What is run is
// read anew by [Options.Reread]. A place whose worker has done its work has no successor.
//
// Restart returns when all successors are ready, as [Options.Reload] says it. If one fails before, the error
// says why; it has a successor as Options.Restart says it, and the others go on. Restart waits for a reload, a scaling or another restart
// that is under way, unless ctx ends. It goes on to its end once it has begun. An error that matches [cluster.ErrClosed] says that the pool
// has ended or is shut down.
func (p *Pool) Restart(ctx context.Context) error {
	c := newChange("restart", p.options.Reload)
	c.options.Wait = true
	c.oldFirst = true
	return p.carryOut(ctx, c, func() error {
		settings, err := p.reread(p.options.Reread)
		if err != nil {
			return err
		}
		return p.ask(ctx, func() { p.beginRestart(c, settings) })
	})
}

func (p *Pool) beginRestart(c *change, settings []cluster.Settings) {
	p.settings = settings
	c.leaving = append(c.leaving, p.dismissSpares()...)
	for _, place := range p.places {
		if place.stage != finished || place.failed {
			c.todo = append(c.todo, task{place, settings[place.program]})
		}
	}
	c.options.Parallel = max(len(c.todo), 1)
	c.held = p.holdWhenLeaving(true)
	p.begin(c)
}

// holdWhenLeaving says whether what workers listen on stays open when they are asked to leave. It returns whether it did.
func (p *Pool) holdWhenLeaving(holds bool) (held bool) {
	settings := p.primary.Settings()
	held = settings.HoldWhenLeaving
	if held != holds {
		settings.HoldWhenLeaving = holds
		p.primary.Setup(settings)
	}
	return held
}

// leaveFirst has the worker of a place leave, and tries a successor when it has.
func (p *Pool) leaveFirst(c *change, t task) {
	place := t.place
	place.settings = t.settings
	place.servers = place.known()
	place.make(vacate)
	place.tenant = tenant{}
	if place.last == nil || place.last.IsDead() {
		p.try(c, t)
		return
	}
	left := p.retire(place.last)
	p.endings.Go(func() {
		<-left
		p.ask(context.Background(), func() { p.try(c, t) })
	})
}

// succeedTrial decides what follows in a place whose successor has failed, and whose worker has left before.
func (p *Pool) succeedTrial(place *place) {
	place.failed = true
	if p.options.Restart == RestartNever {
		place.finish()
		return
	}
	p.succeedLater(place)
}
