package pool

import (
	"context"

	"github.com/nodecluster/nodecluster/cluster"
)

// replace replaces one worker, new first, with the settings that its place has, and waits until it has ended. It does nothing if the
// worker has no place any more. It waits for another change that is under way. The cause and the reason, such as "it is 2h old", are what the
// steps of the change say. If the successor fails, the worker goes on, and the error says why.
func (p *Pool) replace(ctx context.Context, w *cluster.Worker, cause Cause, reason string) error {
	return p.carryOutReplace(ctx, w, cause, reason, newChange("replace", p.options.Reload))
}

// replaceOldFirst is replace for where there is no room for two: the successor is started when the worker has ended, and clients wait
// meanwhile where there is no other worker. If the successor fails, it has another one, as [Options.Restart] says it.
func (p *Pool) replaceOldFirst(ctx context.Context, w *cluster.Worker, cause Cause, reason string) error {
	c := newChange("replace", p.options.Reload)
	c.oldFirst = true
	return p.carryOutReplace(ctx, w, cause, reason, c)
}

func (p *Pool) carryOutReplace(ctx context.Context, w *cluster.Worker, cause Cause, reason string, c *change) error {
	c.options.Wait, c.cause, c.reason = true, cause, reason
	return p.carryOut(ctx, c, func() error { return p.ask(ctx, func() { p.beginReplace(c, w) }) })
}

func (p *Pool) beginReplace(c *change, w *cluster.Worker) {
	place := p.placeOf(w)
	if place == nil {
		close(c.done)
		return
	}
	c.instance, c.todo = place.number, []task{{place, place.settings}}
	if c.oldFirst {
		c.held = p.holdWhenLeaving(true)
	}
	p.begin(c)
}
