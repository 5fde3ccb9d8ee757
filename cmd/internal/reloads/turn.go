//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// settle is how long to wait after a change, in which clients see what it has left.
const settle = 500 * time.Millisecond

// period is a change, from its request to its end.
type period struct{ began, ended time.Duration }

func (p period) took() time.Duration { return p.ended - p.began }

// turn loads a contender, changes its workers and gives what the clients saw. The error is what ended it early: of a change, if there are figures.
func (m *measurement) turn(ctx context.Context, c contender) (*result, error) {
	folder, err := os.MkdirTemp(m.folder, "turn")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	p, err := m.newPlace(folder)
	if err != nil {
		return nil, err
	}
	s, err := c.start(ctx, m, p)
	if err != nil {
		return nil, err
	}
	defer s.end()
	l := startLoad(ctx, p.address, m.options)
	defer l.stop()
	if err := sleep(ctx, m.options.warmUp+time.Duration(m.options.seconds)*time.Second); err != nil {
		return nil, err
	}
	changes, failure := changeAll(ctx, s, l, m.options)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	answered, failed := l.stop()
	r := &result{contender: c, figures: newFigures(answered, failed, changes, m.options.warmUp)}
	if len(changes) > 0 {
		r.timeline = newTimeline(answered, failed, changes[0])
	}
	return r, failure
}

// changeAll makes one change after the other, and ends at the first error.
func changeAll(ctx context.Context, s server, l *load, o *options) (changes []period, err error) {
	for i := range o.changes {
		began, err := s.change()
		if err != nil {
			return changes, fmt.Errorf("%s %d of %d: %w", o.change, i+1, o.changes, err)
		}
		changes = append(changes, period{began.Sub(l.origin), l.now()})
		if err := sleep(ctx, settle); err != nil {
			return changes, err
		}
	}
	return changes, nil
}
