package pool

import (
	"context"

	"github.com/nodecluster/nodecluster/cluster"
)

// replace replaces one worker, new first, with the settings that its place has, and waits until it has ended. It does nothing if the
// worker has no place any more. It waits for another change that is under way. The reason, such as "it is 2h old", is what the steps of the
// change say. If the successor fails, the worker goes on, and the error says why.
func (p *Pool) replace(ctx context.Context, w *cluster.Worker, reason string) error {
	c := newChange("replace", p.options.Reload)
	c.options.Wait, c.reason = true, reason
	return p.carryOut(ctx, c, func() error { return p.ask(ctx, func() { p.beginReplace(c, w) }) })
}

func (p *Pool) beginReplace(c *change, w *cluster.Worker) {
	place := p.placeOf(w)
	if place == nil {
		close(c.done)
		return
	}
	c.instance, c.todo = place.number, []task{{place, place.settings}}
	p.begin(c)
}
