package pool

import (
	"context"
	"fmt"
	"slices"
)

// Scale has n workers of the pool's own settings run; those of [Options.Programs] stay as they are. It counts the places, also those
// whose workers have ended.
//
// Where there are too few, new ones are started at once, with the smallest instance numbers that are free. Scale returns when they are
// ready, as [Options.Reload] says it. If one of them fails before, all new ones leave, and the error says why.
//
// Where the number follows the limits, as it does by default, it does so no more after a call of Scale.
//
// The new ones have the heaps that [Sizing] says for n workers, and those that run keep theirs until they are replaced.
//
// Where there are too many, those with the highest instance numbers are asked to leave, as [Options.KillTimeout] says, and Scale returns
// when they have ended.
//
// It waits for a reload, a restart or another scaling that is under way. When ctx ends, it returns an error that matches ctx's: new
// workers that are not ready yet leave again, and those that are to leave do so. It returns an error if n is below 1, if the pool has not
// started, and one that matches [cluster.ErrClosed] if the pool has ended or is shut down.
func (p *Pool) Scale(ctx context.Context, n int) error {
	if n < 1 {
		return fmt.Errorf("pool: scale: %d workers make no pool: use 1 or more", n)
	}
	p.scaled.Store(true)
	return p.scale(ctx, n, "")
}

func (p *Pool) scale(ctx context.Context, n int, reason string) error {
	c := newChange("scale", p.options.Reload)
	c.options.Wait, c.reason = true, reason
	c.grows = true
	return p.carryOut(ctx, c, func() error { return p.ask(ctx, func() { p.beginScale(c, n) }) })
}

// beginScale begins to open or to close places.
func (p *Pool) beginScale(c *change, n int) {
	p.resize(n, c.reason)
	own := p.ownPlaces()
	if n < len(own) {
		p.close(c, own[n:])
	}
	for range n - len(own) {
		place := p.newPlace(p.freeNumber(), 0, p.settings[0])
		place.stage = unopened
		p.places = append(p.places, place)
		c.todo = append(c.todo, task{place, place.settings})
	}
	c.options.Parallel = max(len(c.todo), 1)
	p.begin(c)
}

// ownPlaces are those of the pool's own settings, by their numbers.
func (p *Pool) ownPlaces() (own []*place) {
	for _, place := range p.places {
		if place.program == 0 {
			own = append(own, place)
		}
	}
	slices.SortFunc(own, func(a, b *place) int { return a.number - b.number })
	return own
}

// freeNumber is the smallest that no place and no spare has.
func (p *Pool) freeNumber() int {
	for n := 0; ; n++ {
		if !slices.ContainsFunc(p.places, func(place *place) bool { return place.number == n }) &&
			!slices.ContainsFunc(p.spares.all, func(spare *place) bool { return spare.number == n }) {
			return n
		}
	}
}

// close ends places. Their workers leave.
func (p *Pool) close(c *change, places []*place) {
	for _, place := range places {
		i := slices.Index(p.places, place)
		p.places = slices.Delete(p.places, i, i+1)
		if place.last != nil {
			place.last.ReleaseListeners()
			c.leaving = append(c.leaving, p.retire(place.last))
		}
	}
}

// opened are the places that a scaling has opened, or has begun to.
func (p *Pool) opened(c *change) (opened []*place) {
	for _, place := range p.places {
		if place.stage == unopened || c.hasDone(place) {
			opened = append(opened, place)
		}
	}
	return opened
}
